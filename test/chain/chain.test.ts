import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, publish, sumsOf } from './bot.ts'

const chapters = [
  'training.requested',
  'run.queued',
  'run.started',
  'run.succeeded',
  'model.evaluated',
  'model.promoted',
  'model.ready',
]

test('a bot that is edited gets a measured, promoted model', async (t) => {
  const yard = await startYard(t, { configuration: echoConfiguration(), postgres: 'shared' })
  const dataset = await postDataset(yard, datasetOf('first'))
  await publish(yard, botUpdated('bot-1', dataset, 1))
  const champion = await eventually(() => championOf(yard, 'bot-1'))
  assert.equal(champion.sequence, 1)
  const manifest = await yard.get<{ files: { path: string }[] }>(new URL(champion.model.url).pathname)
  assert.ok(manifest.files.length > 0)
  const logs = await (await yard.call(`/runs/${champion.run}/logs`)).text()
  assert.ok(logs.length > 0)

  await t.test('each service tells its part of the story, in time order', async () => {
    // Events of different topics reach the record in any order, and stand in it in the order of their times.
    const story = await eventually(async () => {
      const { story } = await yard.get<{ story: { type: string; time: string }[] }>(`/runs/${champion.run}`)
      return chapters.every((name) => story.some(({ type }) => type === name)) && story
    })
    assert.deepEqual(
      story.map(({ type }) => type),
      [...story].sort((one, other) => one.time.localeCompare(other.time)).map(({ type }) => type),
    )
  })

  await t.test('the same edit again changes nothing', async () => {
    await publish(yard, botUpdated('bot-1', dataset, 1))
    await publish(yard, botUpdated('bot-1', dataset, 2))
    const sums = await eventually(async () => {
      const now = await sumsOf(yard)
      return now.waiting === 0 && now.unchanged === 1 && now
    })
    assert.deepEqual({ ...sums }, { ...sums, received: 2, launched: 1, unchanged: 1, balanced: true })
    assert.equal((await championOf(yard, 'bot-1'))?.sequence, 1)
  })
})

test('I5: a burst over many bots gives each bot one run, and every signal one end', async (t) => {
  const bots = 12
  const edits = 10
  const configuration = echoConfiguration().replace(
    'slots: 4',
    'slots: 4\n    debounce: { quietSeconds: 0.5, maxWaitSeconds: 20 }',
  )
  const yard = await startYard(t, { configuration, postgres: 'shared' })
  const datasets = await Promise.all(
    Array.from({ length: edits }, (_, edit) => postDataset(yard, datasetOf(`edit-${edit}`, 2, 10))),
  )
  const events = datasets.flatMap((dataset, edit) =>
    Array.from({ length: bots }, (_, bot) => botUpdated(`bot-${bot}`, dataset, edit + 1)),
  )
  await yard.post('/events', events, 'application/cloudevents-batch+json')
  await eventually(
    async () => (await yard.get<{ champions: unknown[] }>('/champions?limit=1000')).champions.length === bots,
    { timeoutMs: 60_000 },
  )
  const sums = await sumsOf(yard)
  assert.deepEqual({ ...sums }, { ...sums, received: bots * edits, launched: bots * edits, waiting: 0, balanced: true })
  const { runs } = await yard.get<{ runs: { bot: string }[] }>('/runs?limit=200')
  assert.deepEqual([runs.length, new Set(runs.map(({ bot }) => bot)).size], [bots, bots])
})
