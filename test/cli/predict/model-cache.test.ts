import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { manifestOf } from '../../../schemas/files.ts'
import { digestOf } from '../../../schemas/words.ts'
import { cachedModel, cacheFolders } from '../../../services/cli/predict/model-cache.ts'

const contents: Readonly<Record<string, string>> = { 'weights.bin': 'w'.repeat(100), 'more/words.json': '["a"]' }

function modelOf(files: Readonly<Record<string, string>>) {
  const stored = Object.entries(files).map(([path, content]) => ({
    path: path as never,
    digest: digestOf(content),
    bytes: Buffer.byteLength(content),
  }))
  const { digest } = manifestOf(stored)
  const made = { program: { command: ['node'] }, hyperparameters: {} }
  const facts = { run: 'run-aaaaaaaaaa', bot: 'b', jobType: 'intents', generation: 1, ...made }
  return { ...facts, digest, files: stored.map((file) => ({ ...file, url: 'http://elsewhere/' })) }
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'model-cache-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

function server(files: Readonly<Record<string, string>>) {
  const asked: string[] = []
  return {
    asked,
    read: async function* (_digest: string, file: string) {
      asked.push(file)
      yield Buffer.from(files[file] ?? '')
    },
  }
}

test('a model is fetched once, whole and in its folders', async (t) => {
  const [cache, { asked, read }] = [await folder(t), server(contents)]
  const place = await cachedModel(modelOf(contents), cache, read)
  assert.equal(await readFile(join(place, 'more/words.json'), 'utf8'), '["a"]')
  assert.equal(await cachedModel(modelOf(contents), cache, read), place)
  assert.equal(asked.length, 2)
})

test('bytes with another digest are refused, and nothing of them is kept', async (t) => {
  const [cache, { read }] = [await folder(t), server({ ...contents, 'weights.bin': 'x' })]
  await assert.rejects(
    cachedModel(modelOf(contents), cache, read),
    /weights\.bin of sha256:.* does not have the digest/,
  )
  assert.deepEqual(await readdir(cache), [])
})

test('a folder that cannot be written to is named, with the variable that names another', async (t) => {
  const file = join(await folder(t), 'file')
  await writeFile(file, '')
  const { asked, read } = server(contents)
  await assert.rejects(cachedModel(modelOf(contents), join(file, 'models'), read), {
    message: new RegExp(`^no model can be kept in ${file}/models: `),
    next: /XDG_CACHE_HOME/,
  })
  assert.deepEqual(asked, [])
})

test("a list of files that is not the model's is refused before anything is fetched", async (t) => {
  const { asked, read } = server(contents)
  const model = { ...modelOf(contents), digest: digestOf('another') }
  await assert.rejects(cachedModel(model, await folder(t), read), /the list of files of sha256:/)
  assert.equal(asked.length, 0)
})

test('a path that climbs out of the cache is refused', async (t) => {
  const { read } = server({ '../climbed': 'x' })
  await assert.rejects(cachedModel(modelOf({ '../climbed': 'x' }), await folder(t), read), /relative path/)
})

for (const [platform, variables, place] of [
  ['linux', {}, '/home/ada/.cache/trainyard/models'],
  ['linux', { XDG_CACHE_HOME: '/cache' }, '/cache/trainyard/models'],
  ['darwin', {}, '/home/ada/Library/Caches/trainyard/models'],
] as const) {
  test(`models are kept in ${place} on ${platform}`, () => {
    assert.equal(cacheFolders(variables, platform, '/home/ada').models, place)
  })
}
