import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = ['schemas', 'services'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

/** The room that a file lives in: `schemas`, `services/kit`, `services/intake`, … or the one entry that composes them all. */
const roomOf = (file: string) => (file.startsWith('schemas') ? 'schemas' : file.split(sep).slice(0, 2).join('/'))

function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g)
  return [...found].map((match) => ({ typeOnly: match[1] !== undefined, target: match[2] ?? match[3] ?? '' }))
}

const local = (file: string, target: string) => relative(root, resolve(root, dirname(file), target))

test('schemas import neither kit nor a service', () => {
  for (const file of sources.filter((name) => roomOf(name) === 'schemas')) {
    for (const { target } of importsOf(file).filter(({ target }) => target.startsWith('.'))) {
      assert.equal(roomOf(local(file, target)), 'schemas', `${file} imports ${target}`)
    }
  }
})

test('kit knows no service, and a service knows no other: they import schemas, kit and themselves', () => {
  for (const file of sources.filter((name) => roomOf(name) !== 'schemas' && roomOf(name) !== 'services/all.ts')) {
    for (const { target } of importsOf(file).filter(({ target }) => target.startsWith('.'))) {
      const room = roomOf(local(file, target))
      const allowed = ['schemas', 'services/kit', roomOf(file)]
      // The command line starts everything together for `trainyard dev`, through the entry that composes it.
      if (roomOf(file) === 'services/cli') allowed.push('services/all.ts')
      assert.ok(allowed.includes(room), `${file} imports ${target}`)
    }
  }
})

/** What a file loads, with what that loads, and so on. */
function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded
  loaded.add(file)
  for (const { target } of importsOf(file).filter(({ target, typeOnly }) => !typeOnly && target.startsWith('.'))) {
    loadedBy(local(file, target), loaded)
  }
  return loaded
}

test('the runner and the programs wide and echo load only what Node brings, so they run anywhere', () => {
  const programs = ['wide', 'echo'].flatMap((name) => [...loadedBy(join('services', 'trainer', name, 'program.ts'))])
  for (const file of [...sources.filter((name) => roomOf(name) === 'services/runner'), ...programs]) {
    for (const { target, typeOnly } of importsOf(file).filter(({ typeOnly }) => !typeOnly)) {
      const own = target.startsWith('.') && roomOf(local(file, target)) === roomOf(file)
      assert.ok(typeOnly || own || target.startsWith('node:'), `${file} imports ${target}`)
    }
  }
})

test('only the dense head and the encoder of the trainer talk to TensorFlow.js', () => {
  for (const file of sources) {
    const targets = importsOf(file).map(({ target }) => target)
    if (!targets.some((target) => target.startsWith('@tensorflow/'))) continue
    const folder = file.split(sep).slice(0, 3).join('/')
    assert.ok(
      ['services/trainer/dense', 'services/trainer/embedding'].includes(folder),
      `${file} imports TensorFlow.js`,
    )
  }
})

test('only kit talks to the database driver', () => {
  for (const file of sources) {
    const targets = importsOf(file).map(({ target }) => target)
    if (targets.includes('pg')) assert.equal(roomOf(file), 'services/kit', `${file} imports pg`)
  }
})

test('only the Kafka bus talks to kafkajs', () => {
  for (const file of sources) {
    const targets = importsOf(file).map(({ target }) => target)
    if (targets.some((target) => /^kafkajs(\/|$)/.test(target)))
      assert.ok(file.startsWith(join('services', 'kit', 'bus', 'kafka')), `${file} imports kafkajs`)
  }
})

test('only the client of the Kubernetes executor talks to client-node, opossum and undici', () => {
  for (const file of sources) {
    const targets = importsOf(file).map(({ target }) => target)
    if (targets.some((target) => /^(@kubernetes\/client-node|opossum|undici)(\/|$)/.test(target)))
      assert.ok(
        file.startsWith(join('services', 'launcher', 'executor', 'kubernetes', 'client')),
        `${file} imports client-node, opossum or undici`,
      )
  }
})

test('every folder of services that the design names is there', () => {
  const folders = readdirSync(join(root, 'services'))
  const named = ['cli', 'console', 'evaluator', 'intake', 'kit', 'launcher', 'promoter', 'runner', 'trainer']
  assert.deepEqual(folders.filter((name) => !name.endsWith('.ts')).sort(), named)
})
