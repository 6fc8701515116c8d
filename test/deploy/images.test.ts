import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { nodeFlags } from '../harness/yard.ts'

const root = new URL('../../', import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, root), 'utf8')
const lines = textOf('Dockerfile').replaceAll(/#.*\n/g, '').replaceAll('\\\n', ' ').split('\n')

interface Stage {
  readonly base: string
  readonly name: string
  readonly orders: string[]
}

const stages: Stage[] = []
for (const line of lines) {
  const [, base, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? []
  if (base !== undefined && name !== undefined) stages.push({ base, name, orders: [] })
  else stages.at(-1)?.orders.push(line)
}
const images = stages.filter(({ base }) => base === 'scratch')

test('the images hold nothing but what is put into them, run as nobody of note, and the services are what is built unasked', () => {
  assert.deepEqual(
    images.map(({ name }) => name),
    ['runner', 'trainer', 'services'],
  )
  assert.equal(stages.at(-1)?.name, 'services')
  for (const { name, orders } of images) {
    assert.ok(orders.includes('USER 65532:65532'), name)
    assert.ok(
      orders.every((order) => !order.startsWith('RUN')),
      `${name} has no shell to run anything`,
    )
  }
})

test('the images run on the Node that the tests run on', () => {
  const { node } = JSON.parse(textOf('package.json')).dependencies
  for (const { base } of stages) if (base !== 'scratch') assert.equal(base, `node:${node}-bookworm-slim`)
  assert.equal(process.version, `v${node}`)
})

test('the services run with the same flags of Node in the image, from the command, and under test', () => {
  const [entrypoint] = stages.at(-1)?.orders.filter((order) => order.startsWith('ENTRYPOINT ')) ?? []
  assert.deepEqual(JSON.parse(entrypoint?.slice('ENTRYPOINT '.length) ?? '').slice(1), nodeFlags)
  const [, flags = ''] = /^const flags = (\[.*\])$/m.exec(textOf('bin/trainyard.js')) ?? []
  assert.deepEqual(JSON.parse(flags.replaceAll("'", '"')), nodeFlags)
})

test('what the images are made of is there, and let through to whoever builds them', () => {
  const letThrough = textOf('.dockerignore')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []))
  for (const { orders } of stages) {
    for (const order of orders.filter((each) => each.startsWith('COPY ') && !each.includes('--from='))) {
      for (const source of order.split(' ').slice(1, -1)) {
        assert.ok(existsSync(new URL(source, root)), source)
        assert.ok(
          letThrough.some((name) => source === name || source.startsWith(`${name}/`)),
          source,
        )
      }
    }
  }
})
