import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { intake } from '../../services/intake/main.ts'
import { foldTally } from '../../services/intake/sums.ts'
import { testDatabase } from '../harness/database.ts'
import type { TestKit } from '../harness/kit.ts'
import { newsOf, type What } from './run-news.ts'
import {
  configurationOf,
  datasetOf,
  edit,
  get,
  intakeKit,
  letQuietPass,
  post,
  postDataset,
  publish,
  said,
  settle,
  storedDataset,
  sums,
} from './yard.ts'

type Step =
  | { kind: 'publish'; bot: number; dataset: number; revision: number | undefined; id: number }
  | { kind: 'touch'; bot: number; id: number }
  | { kind: 'dead'; id: number }
  | { kind: 'deliver'; bot: number; dataset: number; id: number }
  | { kind: 'person'; bot: number; dataset: number | undefined }
  | { kind: 'quiet' }
  | { kind: 'look' }
  | { kind: 'news'; run: number; what: What }
  | { kind: 'fold' }

const bot = fc.integer({ min: 0, max: 2 })
// One of them is stored nowhere.
const dataset = fc.integer({ min: 0, max: 3 })
// Few ids, so that many events come again.
const id = fc.integer({ min: 0, max: 15 })
const what = fc.constantFrom<What>(
  'queued',
  'started',
  'succeeded',
  'failed',
  'failedBefore',
  'cancelledBefore',
  'cancelled',
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish'),
      bot,
      dataset,
      revision: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      id,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliver'), bot, dataset, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch'), bot, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dead'), id }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('person'), bot, dataset: fc.option(dataset, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'quiet' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'look' } as const) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('news'), run: fc.nat(), what }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fold' } as const) },
)

const datasets = ['one', 'two', 'three']

async function uris(kit: TestKit): Promise<string[]> {
  const stored = await Promise.all(datasets.map(async (flavour) => (await storedDataset(kit, flavour)).uri))
  return [...stored, `dataset:sha256:${'0'.repeat(64)}`]
}

async function take(kit: TestKit, known: readonly string[], step: Step, world: number): Promise<void> {
  const botOf = (number: number) => `bot-${world}-${number}`
  const idOf = (number: number) => `event-${world}-${number}`
  switch (step.kind) {
    case 'publish':
    case 'deliver': {
      const revision = step.kind === 'publish' ? step.revision : undefined
      const event = edit({
        bot: botOf(step.bot),
        dataset: { uri: known[step.dataset] },
        revision,
        id: idOf(step.id),
      })
      if (step.kind === 'publish') await publish(kit, [event, event])
      else await kit.deliverRaw([{ topic: 'bot.events', value: Buffer.from(JSON.stringify(event)) }])
      return
    }
    case 'touch':
      await publish(kit, edit({ bot: botOf(step.bot), type: 'bot.touched', id: idOf(step.id) }))
      return
    case 'dead':
      await publish(kit, edit({ bot: 7, id: idOf(step.id) }))
      return
    case 'person': {
      const named = step.dataset === undefined ? {} : { dataset: known[step.dataset] }
      await post(kit, '/train', { bot: botOf(step.bot), ...named, actor: 'anna', reason: 'because' })
      return
    }
    case 'quiet':
      return letQuietPass(kit)
    case 'look':
      return settle(kit)
    case 'news': {
      const requests = await said(kit, 'training.requested')
      const request = requests[step.run % Math.max(1, requests.length)]
      if (request) await kit.deliver([newsOf(request, step.what)])
      return
    }
    case 'fold':
      await foldTally(kit.database)
      return
  }
}

async function assertAccounted(kit: TestKit): Promise<void> {
  const counted = await sums(kit)
  assert.ok(counted.balanced, JSON.stringify(counted))
  const rows = await kit.database.query<{ what: string; count: number }>(
    `select coalesce(ended, 'waiting') as what, count(*) as count from intake.signals group by 1`,
  )
  const { received, balanced: _balanced, oldestWaitingSeconds: _oldest, ...ends } = counted
  assert.equal(
    received,
    rows.reduce((sum, { count }) => sum + count, 0),
  )
  for (const [end, count] of Object.entries(ends))
    assert.equal(rows.find(({ what }) => what === end)?.count ?? 0, count, end)
  const told = await said(kit, 'signal.ended')
  assert.equal(new Set(told.map(({ signal }) => signal)).size, told.length, 'an end was told twice')
}

describe('the ledger', () => {
  for (const quietSeconds of [0, 60]) {
    test(`I5, D8: whatever happens in whatever order, received is launched + coalesced + unchanged + rejected + dead-lettered + waiting (quiet: ${quietSeconds} s)`, async (t) => {
      const kit = await intakeKit(t, { configuration: configurationOf({ quietSeconds }) })
      const known = await uris(kit)
      let world = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          world += 1
          for (const each of steps) await take(kit, known, each, world)
          await assertAccounted(kit)
        }),
        { numRuns: 20 },
      )
      const { requests } = (await get(kit, '/requests?limit=1000')).body
      const keys = requests.map(({ bot, state }: { bot: string; state: string }) => `${bot} ${state}`)
      assert.equal(new Set(keys).size, keys.length, 'I2: more than one waits for a key')
    })
  }

  test('I5, D8: two replicas that take the same signals at once count each once', async (t) => {
    const options = { configuration: configurationOf({ quietSeconds: 1 }), database: await testDatabase(t, [intake]) }
    const [one, other] = [await intakeKit(t, options), await intakeKit(t, options)]
    const dataset = await storedDataset(one, 'shared')
    const events = Array.from({ length: 60 }, (_, index) => edit({ bot: `bot-${index % 7}`, dataset }))
    const looks = async (kit: TestKit) => {
      await letQuietPass(kit)
      await settle(kit)
    }
    await Promise.all([
      ...events.map((event) => publish(one, event)),
      publish(other, events),
      other.deliverRaw(events.map((event) => ({ topic: 'bot.events', value: Buffer.from(JSON.stringify(event)) }))),
      looks(one),
      looks(other),
    ])
    await looks(one)
    await looks(other)
    assert.equal((await sums(one)).received, 60)
    await assertAccounted(one)
    const requests = await said(one, 'training.requested')
    const generations = requests.map(({ bot, generation }) => `${bot} ${generation}`)
    assert.equal(new Set(generations).size, generations.length)
    assert.equal(new Set(requests.map(({ bot }) => bot)).size, 7)
  })

  test('D8: a signal that its request forgot unbalances the sum', async (t) => {
    const kit = await intakeKit(t)
    await publish(kit, edit({ dataset: await storedDataset(kit, 'forgotten') }))
    assert.ok((await sums(kit)).balanced)
    await kit.database.execute(`update intake.requests set state = 'closed'`)
    assert.equal((await sums(kit)).balanced, false)
    assert.match(await kit.metrics.metrics(), /trainyard_signals_balanced 0/)
  })

  test('the sum is in the metrics and in GET /signals, with the signals of a bot', async (t) => {
    const kit = await intakeKit(t)
    await publish(kit, [
      edit({ bot: 'a', dataset: await storedDataset(kit, 'metrics') }),
      edit({ bot: 'b', dataset: 'no uri' }),
    ])
    const { body } = await get(kit, '/signals?bot=a')
    const { received, waiting, rejected, deadLettered, balanced, signals } = body
    assert.deepEqual(
      { received, waiting, rejected, deadLettered, balanced },
      { received: 2, waiting: 1, rejected: 0, deadLettered: 1, balanced: true },
    )
    assert.equal(signals.length, 1)
    const text = await kit.metrics.metrics()
    assert.match(text, /trainyard_signals\{end="received"\} 2/)
    assert.match(text, /trainyard_signals\{end="deadLettered"\} 1/)
    assert.match(text, /trainyard_signals_balanced 1/)
    assert.match(text, /trainyard_requests_overdue\{state="waiting"\} 0/)
  })

  test('I6: a request that stays in its state for too long is told of, in the log once and in the metrics', async (t) => {
    const kit = await intakeKit(t, { configuration: configurationOf({ quietSeconds: 60 }) })
    await publish(kit, edit({ dataset: { uri: 'dataset:x' } }))
    await kit.database.execute(`update intake.requests set due_at = now() - interval '1 hour'`)
    const warnings: unknown[] = []
    kit.log.warn = (...told: unknown[]) => warnings.push(told[0])
    await kit.work('intake.watch')
    await kit.work('intake.watch')
    assert.equal(warnings.length, 1)
    assert.match(JSON.stringify(warnings[0]), /"bot":"bot-1","jobType":"intents","state":"waiting","seconds":36\d\d/)
    assert.match(await kit.metrics.metrics(), /trainyard_requests_overdue\{state="waiting"\} 1/)
  })

  test('I6: so is one of whose run nobody has said anything, as where the topic was lost', async (t) => {
    const kit = await intakeKit(t)
    const { body } = await postDataset(kit, datasetOf('lost'))
    await publish(kit, edit({ dataset: { uri: body.uri } }))
    assert.equal((await said(kit, 'training.requested')).length, 1)
    const requested = async () =>
      /trainyard_requests_overdue\{state="requested"\} (\d)/.exec(await kit.metrics.metrics())?.[1]
    assert.equal(await requested(), '0')
    await kit.database.execute(`update intake.requests set state_since = now() - interval '1 hour'`)
    assert.equal(await requested(), '1')
  })

  test('I6: a request that is put off again and again is told of by its age, since its due time never passes for long', async (t) => {
    const kit = await intakeKit(t, { configuration: configurationOf({ quietSeconds: 60 }) })
    await publish(kit, edit({ dataset: { uri: 'dataset:x' } }))
    await kit.database.execute(
      `update intake.requests set problem = 'it failed', state_since = now() - interval '1 hour', due_at = now() + interval '30 seconds'`,
    )
    assert.match(await kit.metrics.metrics(), /trainyard_requests_overdue\{state="waiting"\} 1/)
  })
})
