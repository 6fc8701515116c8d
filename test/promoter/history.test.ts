import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TestKit } from '../harness/kit.ts'
import {
  better,
  deliver,
  doubtful,
  evaluated,
  get,
  keyOf,
  openPromoter,
  person,
  post,
  readyEvents,
  runOf,
  withChampion,
  work,
  worse,
} from './yard.ts'

const policy = fc.record({
  whenUndecided: fc.constantFrom('promoteIfNotWorse' as const, 'hold' as const),
  confidence: fc.constantFrom(0.8, 0.95, 0.999),
  margin: fc.constantFrom(0, 0.02, 0.1),
})

/** Whatever may happen to a key. Numbers choose among what there is. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('evaluate' as const),
      intents: fc.constantFrom(better, doubtful, worse),
      policy,
      isStale: fc.boolean(),
      isUnheard: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('approve' as const, 'reject' as const),
      which: fc.nat(),
      isStale: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rollback' as const), pin: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'unpin' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'expire' as const }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Carries out one step on the key of a bot; the decisions of people may well be refused. */
async function take(kit: TestKit, bot: string, generation: number, step: Step): Promise<void> {
  const { championSequence, held } = await keyOf(kit, bot)
  switch (step.do) {
    case 'evaluate': {
      const { intents, policy, isStale, isUnheard } = step
      const compared = isStale ? Math.max(1, championSequence - 1) : championSequence
      const given = { bot, generation, intents, policy, championSequence: compared }
      const data = await evaluated(kit, given)
      if (!isUnheard) await deliver(kit, given)
      await kit.deliver([{ name: 'model.evaluated', data }])
      return await work(kit)
    }
    case 'approve':
    case 'reject': {
      const seen = step.isStale ? championSequence - 1 : championSequence
      const run = held[step.which % Math.max(1, held.length)]?.run ?? runOf(1, bot)
      return void (await post(kit, `/runs/${run}/${step.do}`, { ...person, championSequence: seen }))
    }
    case 'rollback':
      return void (await post(kit, `/bots/${bot}/rollback`, { ...person, championSequence, pin: step.pin }))
    case 'unpin':
      return void (await post(kit, `/bots/${bot}/unpin`, person))
    case 'expire':
      await kit.database.execute(`update promoter.models set due_at = now() where state = 'held' and bot = $1`, [bot])
      while ((await kit.work('expiry')) === 0);
  }
}

test('I3, I4, I8: over any history champions are one after the other, machines keep to fence and pin, and verdicts can be given again', async (t) => {
  const kit = await openPromoter(t)
  let histories = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
      histories += 1
      const bot = `bot-${histories}`
      await withChampion(kit, bot)
      for (const [index, step] of steps.entries()) {
        const before = await keyOf(kit, bot)
        await take(kit, bot, index + 2, step)
        const after = await keyOf(kit, bot)
        assert.ok(after.fence >= before.fence, 'the fence fell')
        const [champion] = after.champions
        if (after.championSequence === before.championSequence || champion.decidedBy === 'person') continue
        assert.equal(before.pin, null, 'a machine promoted what was pinned')
        assert.ok(champion.generation > before.fence, 'a machine went below the fence')
      }

      const ready = (await readyEvents(kit)).filter((event) => event.bot === bot)
      for (const [index, { sequence, replaces }] of ready.entries()) {
        assert.equal(sequence, index + 1)
        assert.deepEqual([replaces?.sequence, replaces?.run], [ready[index - 1]?.sequence, ready[index - 1]?.run])
      }
      assert.equal((await keyOf(kit, bot)).championSequence, ready.length)
      await judgedAsSaid(kit, bot)
    }),
    { numRuns: 12, endOnFailure: true },
  )
  await judgedAsBefore(kit)
})

/** What was said of each model is one of the ways that its states can go, and ends where it is. */
async function judgedAsSaid(kit: TestKit, bot: string): Promise<void> {
  const events = (await kit.emitted()).filter(({ name, data }) => data.bot === bot && name !== 'model.ready')
  for (const [run, told] of Map.groupBy(events, ({ data }) => data.run)) {
    const ways = told.map(({ name }) => name.slice('model.'.length))
    const last = ways.at(-1)
    if (ways[0] === 'held') assert.ok(ways.length <= 2 && (ways.length === 1 || last !== 'held'), ways.join())
    else assert.ok(ways.length === 1 && last !== 'overtaken', ways.join())
    const { state } = await get(kit, `/verdicts/${run}`)
    assert.equal(state === 'expired' ? 'rejected' : state, last)
  }
}

/** From what is stored, every verdict comes out as it was given, with its reasons. */
async function judgedAsBefore(kit: TestKit): Promise<void> {
  const { body } = await post(kit, '/verdicts/preview', {})
  assert.ok(body.length > 12)
  for (const { run, verdict, rule, reasons } of body) {
    const given = await get(kit, `/verdicts/${run}`)
    assert.deepEqual({ verdict, rule, reasons }, given.verdict)
  }
}
