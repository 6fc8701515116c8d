import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Digest } from '../../schemas/words.ts'
import { digestOf } from '../../schemas/words.ts'
import { hashOf, normalise } from '../../services/intake/dataset/normalise.ts'
import type { TestKit } from '../harness/kit.ts'
import { configurationOf, datasetOf, edit, get, intakeKit, postDataset, publish, said } from './yard.ts'

async function linesOfBlob(kit: TestKit, digest: Digest): Promise<Record<string, unknown>[]> {
  const content = (await kit.blobs.read(digest)).toString()
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('POST /datasets', () => {
  test('answers with the digest of the bytes and a URI that events may name', async (t) => {
    const kit = await intakeKit(t)
    const content = datasetOf('posted', 20)
    const { status, body } = await postDataset(kit, content)
    assert.equal(status, 201)
    assert.equal(body.digest, digestOf(content))
    assert.equal(body.uri, `dataset:${body.digest}`)
    assert.deepEqual(
      { rows: body.rows, intents: body.intents, sum: body.trainRows + body.examRows },
      { rows: 20, intents: 2, sum: 20 },
    )
    assert.equal((await get(kit, `/datasets/${body.digest}`)).body.uri, body.uri)
    assert.deepEqual(await postDataset(kit, content), { status, body })

    await publish(kit, edit({ dataset: { uri: body.uri } }))
    const [requested] = await said(kit, 'training.requested')
    assert.equal(requested?.dataset.digest, body.digest)
    assert.equal(requested?.dataset.trainRows, body.trainRows)
  })

  test('I5, D9: the three parts hold each text once, under ids that are its hash, and texts come without labels', async (t) => {
    const kit = await intakeKit(t)
    const content = datasetOf('parts', 60)
    const { body } = await postDataset(kit, content)
    await publish(kit, edit({ dataset: { uri: body.uri } }))
    const [requested] = await said(kit, 'training.requested')
    assert.ok(requested)
    const { train, examTexts, examLabels } = requested.dataset
    const [trained, asked, answers] = await Promise.all(
      [train, examTexts, examLabels].map((digest) => linesOfBlob(kit, digest)),
    )
    assert.ok(trained && asked && answers)

    assert.ok(asked.length > 0)
    assert.deepEqual(
      asked.map(({ id }) => id),
      answers.map(({ id }) => id),
    )
    for (const row of asked) assert.deepEqual(Object.keys(row), ['id', 'text'])
    for (const row of answers) assert.deepEqual(Object.keys(row), ['id', 'intent'])
    for (const row of trained) assert.deepEqual(Object.keys(row), ['id', 'text', 'intent'])
    const given = content
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const idOf = (text: string) => hashOf(normalise(text)).id
    const parts = [...trained, ...asked.map((row, index) => ({ ...row, intent: answers[index]?.['intent'] }))]
    assert.deepEqual(
      new Set(parts.map((row) => JSON.stringify(row))),
      new Set(given.map(({ text, intent }) => JSON.stringify({ id: idOf(text), text, intent }))),
    )
  })

  test('a text of the exam that stands under two intents is right under either, in whatever order its rows come', async (t) => {
    const kit = await intakeKit(t)
    const both = ['billing', 'account'].map((intent) =>
      JSON.stringify({ text: 'where is my money', intent, split: 'held-out' }),
    )
    const others = ['billing', 'account'].flatMap((intent) =>
      ['one', 'two'].map((text) => JSON.stringify({ text: `${text} ${intent}`, intent, split: 'train' })),
    )
    const labels = async (rows: readonly string[], bot: string) => {
      const { body } = await postDataset(kit, `${[...rows, ...others].join('\n')}\n`)
      await publish(kit, edit({ bot, dataset: { uri: body.uri } }))
      const { dataset } = (await said(kit, 'training.requested')).at(-1) ?? assert.fail('nothing was requested')
      const lines = await linesOfBlob(kit, dataset.examLabels)
      const { id } = hashOf(normalise('where is my money'))
      return lines.filter((line) => line['id'] === id).map(({ intent }) => intent)
    }
    assert.deepEqual((await labels(both, 'bot-1')).toSorted(), ['account', 'billing'])
    assert.deepEqual((await labels(both.toReversed(), 'bot-2')).toSorted(), ['account', 'billing'])
  })

  test('a dataset that is not usable is refused with its lines, and nothing of it is kept', async (t) => {
    const kit = await intakeKit(t)
    const { status, body } = await postDataset(kit, `${datasetOf('broken')}{"text": 1}\n`)
    assert.equal(status, 422)
    assert.match(
      body.error.message,
      /^the dataset is not usable: line 9: text: expected a text; line 9: intent: expected/,
    )
    assert.deepEqual(body.error.details.problems[0], { line: 9, field: 'text', message: 'expected a text' })
    assert.deepEqual(await kit.database.query('select from blobs.chunks'), [])
    assert.deepEqual(await kit.database.query('select from intake.datasets'), [])
  })

  test('one that is too large is refused before it is read to its end', async (t) => {
    const configuration = configurationOf({}, 'limits: { datasetMiB: 1, datasetRows: 30000 }')
    const kit = await intakeKit(t, { configuration })
    const large = await postDataset(kit, datasetOf('x'.repeat(500), 2_500))
    assert.equal(large.status, 413)
    assert.match(large.body.error.message, /more than 1048576 bytes/)
    const empty = await postDataset(kit, '')
    assert.equal(empty.status, 422)
    assert.match(empty.body.error.message, /empty/)
  })

  test('other content types, and digests of nothing, get a clear answer', async (t) => {
    const kit = await intakeKit(t)
    const response = await kit.inject({ method: 'POST', url: '/datasets', payload: { text: 'a', intent: 'b' } })
    assert.equal(response.statusCode, 400)
    assert.match(response.json().error.message, /application\/x-ndjson/)
    const unknown = await get(kit, `/datasets/${digestOf('nothing')}`)
    assert.equal(unknown.status, 404)
    assert.equal((await get(kit, '/datasets/sha256:x')).status, 422)
  })
})
