import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { everyService } from '../services/all.ts'
import { parseEnvironment } from '../services/kit/environment.ts'

const root = new URL('../', import.meta.url)

const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      volumes: z.array(z.string()).default([]),
      healthcheck: z.unknown().optional(),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
})

const file = readFileSync(new URL('docker-compose.yml', root), 'utf8')
const { services, volumes } = Compose.parse(parse(file, { merge: true }))
const ours = Object.entries(services).filter(([, { image }]) => image === 'trainyard')

test('docker-compose.yml starts every service, and its topics before', () => {
  assert.deepEqual(
    ours.map(([name]) => name),
    ['topics', ...everyService.map(({ name }) => name)],
  )
  for (const [name, { command, depends_on: needs }] of ours) {
    assert.ok(existsSync(new URL(command?.[0] ?? '', root)), `${name} runs ${command?.[0]}`)
    if (name !== 'topics') assert.equal(needs['topics']?.condition, 'service_completed_successfully')
  }
})

test('docker-compose.yml gives every service an environment that it understands', () => {
  for (const [, { environment }] of ours) {
    const values = Object.entries(environment).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')])
    const { kafka, databaseUrl } = parseEnvironment(Object.fromEntries(values))
    assert.ok(services[kafka?.brokers[0]?.split(':')[0] ?? ''], 'the broker is one of the containers')
    assert.ok(services[new URL(databaseUrl ?? '').hostname], 'the database is one of the containers')
  }
})

test('docker-compose.yml waits only for what can be waited for, and keeps what it names', () => {
  for (const [name, { depends_on: needs, volumes: mounts }] of Object.entries(services)) {
    for (const [needed, { condition }] of Object.entries(needs)) {
      assert.ok(services[needed], `${name} waits for ${needed}`)
      assert.equal(condition === 'service_healthy', services[needed].healthcheck !== undefined)
    }
    for (const mount of mounts) assert.ok((mount.split(':')[0] ?? '') in volumes, `${name} mounts ${mount}`)
  }
})
