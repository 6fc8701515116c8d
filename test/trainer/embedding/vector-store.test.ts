import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { vectorSize } from '../../../services/trainer/embedding/encoder-package.ts'
import { savedVectors } from '../../../services/trainer/embedding/saved-vectors.ts'
import { openStore, type VectorStore } from '../../../services/trainer/embedding/vector-store.ts'

const version = 'encoder@1'
const day = 86_400_000
const vector = (first: number) => Float32Array.from({ length: vectorSize }, (_, at) => first + at / 7)

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-vectors-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function store(
  cache: string,
  options: { maximumBytes?: number; lines?: string[]; version?: string } = {},
): VectorStore {
  const { lines = [], ...others } = options
  return openStore({ cache, version, nowMs: Date.now, log: (line) => lines.push(line), ...others })
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

test('a vector comes back as it was written, to every program with the same folder and encoder', (t) => {
  const cache = temporaryFolder(t)
  store(cache).write('hello', vector(1))
  assert.deepEqual(store(cache).read('hello'), vector(1))
  assert.equal(store(cache).read('hello '), undefined)
  assert.equal(store(cache, { version: 'encoder@2' }).read('hello'), undefined)
})

test('without a folder nothing is kept, and nothing fails', () => {
  const none = openStore({ cache: undefined, version, nowMs: Date.now, log: () => {} })
  none.write('hello', vector(1))
  none.limit()
  assert.equal(none.read('hello'), undefined)
})

const damages: Readonly<Record<string, (path: string) => void>> = {
  'cut short': (path) => truncateSync(path, 100),
  'made empty': (path) => truncateSync(path, 0),
  'with a bit turned': (path) => {
    const bytes = readFileSync(path)
    bytes[17] = (bytes[17] ?? 0) ^ 1
    writeFileSync(path, bytes)
  },
}
for (const [damage, inflict] of Object.entries(damages)) {
  test(`a file ${damage} is as good as absent, and written anew`, (t) => {
    const cache = temporaryFolder(t)
    store(cache).write('hello', vector(1))
    for (const path of filesIn(cache)) inflict(path)
    assert.equal(store(cache).read('hello'), undefined)
    store(cache).write('hello', vector(1))
    assert.deepEqual(store(cache).read('hello'), vector(1))
  })
}

test("the file of one text in another's place is not taken for it", (t) => {
  const cache = temporaryFolder(t)
  store(cache).write('hello', vector(1))
  const [hello = ''] = filesIn(cache)
  store(cache).write('goodbye', vector(2))
  const goodbye = filesIn(cache).find((path) => path !== hello) ?? ''
  writeFileSync(goodbye, readFileSync(hello))
  assert.equal(store(cache).read('goodbye'), undefined)
})

test('what was not used for longest goes first, and no more than the limit asks for', (t) => {
  const cache = temporaryFolder(t)
  for (const [at, text] of ['old', 'used again', 'new'].entries()) {
    const before = new Set(filesIn(cache))
    store(cache).write(text, vector(at))
    const daysAgo = new Date(Date.now() - (10 - at) * day)
    for (const path of filesIn(cache)) if (!before.has(path)) utimesSync(path, daysAgo, daysAgo)
  }
  store(cache).read('old')
  const full = store(cache, { maximumBytes: 3 * 2100 })
  full.write('newest', vector(9))
  full.limit()
  const kept = ['old', 'used again', 'new', 'newest'].filter((text) => store(cache).read(text) !== undefined)
  assert.deepEqual(kept, ['old', 'new', 'newest'])
})

test('a folder that cannot be written to is said once, and costs nothing else', (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  const lines: string[] = []
  const broken = store(file, { lines })
  for (const text of ['one', 'two']) broken.write(text, vector(1))
  assert.equal(broken.read('one'), undefined)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^no sentence vectors are kept for later: writing to .* gives ENOTDIR$/)
})

test('several programs may write and read the same texts at once', async (t) => {
  const cache = temporaryFolder(t)
  const code = `
    const { workerData, parentPort } = require('node:worker_threads')
    import(workerData.module).then(({ openStore }) => {
      const store = openStore({ cache: workerData.cache, version: 'encoder@1', nowMs: Date.now, log() {} })
      let wrong = 0
      for (let round = 0; round < 20; round += 1) {
        for (let text = 0; text < 20; text += 1) {
          store.write('text ' + text, new Float32Array(${vectorSize}).fill(text))
          if (store.read('text ' + text)?.every((number) => number === text) !== true) wrong += 1
        }
        store.limit()
      }
      parentPort.postMessage(wrong)
    })`
  const module = new URL('../../../services/trainer/embedding/vector-store.ts', import.meta.url).href
  const wrong = [1, 2, 3].map(() => {
    const worker = new Worker(code, { eval: true, workerData: { cache, module } })
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  assert.deepEqual(await Promise.all(wrong), [0, 0, 0])
  assert.equal(filesIn(cache).length, 20, 'nothing half-written is left')
})

test('the vectors of an unfinished training are there for the next attempt, whatever the store holds', (t) => {
  const checkpoint = temporaryFolder(t)
  const first = savedVectors(checkpoint, version, store(temporaryFolder(t)))
  for (const number of [1, 2]) first.write(`text ${number}`, vector(number))
  first.save()
  const next = savedVectors(checkpoint, version, store(temporaryFolder(t)))
  assert.deepEqual([next.read('text 1'), next.read('text 2'), next.read('text 3')], [vector(1), vector(2), undefined])

  const [file = ''] = filesIn(checkpoint)
  truncateSync(file, 3000)
  assert.equal(savedVectors(checkpoint, version, store(temporaryFolder(t))).read('text 1'), undefined)
})
