import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { RunNews } from '../../services/intake/runs.ts'
import { newsOf, type Request, supersededBy } from './run-news.ts'
import { edit, get, intakeKit, publish, said, storedDataset, sums } from './yard.ts'

/** Two requests of one key, each with one signal. */
async function twoRequests(t: TestContext) {
  const kit = await intakeKit(t)
  const signals: string[] = []
  for (const flavour of ['older', 'newer']) {
    const { body } = await publish(kit, edit({ dataset: await storedDataset(kit, flavour) }))
    signals.push(body.signals[0])
  }
  const [older, newer] = await said(kit, 'training.requested')
  assert.ok(older && newer)
  const endOf = async (index: number) => (await get(kit, `/signals/${signals[index]}`)).body
  return { kit, older, newer, endOf }
}

const cases: {
  title: string
  news: (older: Request, newer: Request) => RunNews[]
  end: string
  run: 'older' | 'newer'
  reason: RegExp
}[] = [
  {
    title: 'a run that starts launches its signals',
    news: (older) => [newsOf(older, 'queued'), newsOf(older, 'started')],
    end: 'launched',
    run: 'older',
    reason: /started/,
  },
  {
    title: 'a run that was replaced before it started coalesces its signals into its successor',
    news: (older, newer) => [newsOf(older, 'queued'), supersededBy(older, newer, false)],
    end: 'coalesced',
    run: 'newer',
    reason: /took the place of/,
  },
  {
    title: 'a run that is stopped for a newer one has launched its signals',
    news: (older, newer) => [newsOf(older, 'started'), supersededBy(older, newer, true)],
    end: 'launched',
    run: 'older',
    reason: /started/,
  },
  {
    title: 'a run that ends before it starts rejects its signals with the reason',
    news: (older) => [newsOf(older, 'failedBefore')],
    end: 'rejected',
    run: 'older',
    reason: /ended before it started: exit code 1/,
  },
  {
    title: 'a run that a person cancels before it starts rejects its signals with person and reason',
    news: (older) => [newsOf(older, 'queued'), newsOf(older, 'cancelledBefore')],
    end: 'rejected',
    run: 'older',
    reason: /anna cancelled .* before it started: not now/,
  },
  {
    title: 'an end without the news of its start says that it started',
    news: (older) => [newsOf(older, 'succeeded')],
    end: 'launched',
    run: 'older',
    reason: /started/,
  },
]

describe('I5: news of runs end their signals', () => {
  for (const { title, news, end, run, reason } of cases) {
    test(`${title}, once however often it is told`, async (t) => {
      const { kit, older, newer, endOf } = await twoRequests(t)
      for (let time = 1; time <= 2; time += 1) await kit.deliver(news(older, newer))
      await kit.deliver(news(older, newer).toReversed())
      const ended = await endOf(0)
      assert.deepEqual([ended.end, ended.run], [end, { older, newer }[run].run])
      assert.match(ended.reason, reason)
      assert.equal((await endOf(1)).end, null)
      const told = (await said(kit, 'signal.ended')).filter(({ signal }) => signal === ended.signal)
      assert.equal(told.length, 1)
      assert.equal(told[0]?.end, end)
      const { waiting, balanced } = await sums(kit)
      assert.deepEqual({ waiting, balanced }, { waiting: 1, balanced: true })
    })
  }

  test('news of a run that nobody requested changes nothing', async (t) => {
    const { kit, older } = await twoRequests(t)
    const before = await sums(kit)
    const stranger = { ...older, run: 'run-zzzzzzzzzz' as Request['run'], bot: 'stranger' as Request['bot'] }
    await kit.deliver([newsOf(stranger, 'started')])
    assert.deepEqual({ ...(await sums(kit)), oldestWaitingSeconds: 0 }, { ...before, oldestWaitingSeconds: 0 })
    assert.deepEqual(await kit.database.query(`select from intake.keys where bot = 'stranger'`), [])
  })

  test('a state only goes forward, so late news of a start does not make finished work unfinished', async (t) => {
    const { kit, newer, endOf } = await twoRequests(t)
    await kit.deliver([newsOf(newer, 'started'), newsOf(newer, 'succeeded')])
    await kit.deliver([newsOf(newer, 'queued'), newsOf(newer, 'started')])
    const { body } = await publish(kit, edit({ dataset: { uri: `dataset:${newer.dataset.digest}` } }))
    assert.equal((await get(kit, `/signals/${body.signals[0]}`)).body.end, 'unchanged')
    assert.equal((await endOf(1)).end, 'launched')
  })
})

test('news that is told again within one batch takes no run back', async (t) => {
  const { kit, older } = await twoRequests(t)
  const stateOf = async () =>
    (await kit.database.query('select run_state from intake.requests where id = $1', [older.run]))[0]
  await kit.deliver([newsOf(older, 'queued'), newsOf(older, 'started'), newsOf(older, 'queued')])
  assert.deepEqual(await stateOf(), { run_state: 'running' })
  await kit.deliver([newsOf(older, 'succeeded'), newsOf(older, 'queued'), newsOf(older, 'started')])
  assert.deepEqual(await stateOf(), { run_state: 'succeeded' })
})
