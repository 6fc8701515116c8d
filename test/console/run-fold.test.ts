import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RunState } from '../../schemas/words.ts'
import { foldRun, type RunEvent } from '../../services/console/run-fold.ts'
import type { RunView } from '../../services/console/run-view.ts'
import { at, given, run } from './given.ts'

const told = given({ letter: 'a' })
const iso = (seconds: number) => new Date(at(seconds)).toISOString()

const events: RunEvent[] = [
  told('training.requested'),
  told('run.queued'),
  told('run.started'),
  told('run.succeeded'),
  told('model.evaluated'),
  told('model.held'),
  told('model.promoted', { decidedBy: 'person', actor: 'ada', decidedAt: at(60) }),
  told('model.ready', { decidedAt: at(60) }),
  told('model.ready', { sequence: 9, decidedAt: at(90) }),
]

test('a run is the same whatever the order in which its events arrive, and whichever arrive twice', () => {
  const expected = foldRun(events)
  const anyOrder = fc
    .tuple(fc.shuffledSubarray(events, { minLength: events.length }), fc.subarray(events))
    .chain(([all, again]) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }))
  fc.assert(fc.property(anyOrder, (order) => assert.deepEqual(foldRun(order), expected)))
})

test('events of the same millisecond give the same run in any order', () => {
  const tied = [
    told('model.held', { decidedAt: at(21) }),
    told('model.rejected', { decidedAt: at(21), reasons: ['one'] }),
    told('model.rejected', { decidedAt: at(21), reasons: ['two'] }),
    told('model.evaluated', { evaluatedAt: at(21) }),
  ]
  const expected = foldRun(tied)
  fc.assert(
    fc.property(fc.shuffledSubarray(tied, { minLength: tied.length }), (order) =>
      assert.deepEqual(foldRun(order), expected),
    ),
  )
})

test('the state is that of the furthest event, also while those before it are still on their way', () => {
  const table: [RunEvent[], RunState][] = [
    [[told('training.requested')], 'queued'],
    [[told('run.queued')], 'queued'],
    [[told('run.started')], 'running'],
    [[told('run.started'), told('run.queued', { queuedAt: at(10) })], 'running'],
    [[told('run.succeeded')], 'succeeded'],
    [[told('run.succeeded'), told('run.started', { startedAt: at(99) })], 'succeeded'],
    [[told('run.started'), told('model.evaluated')], 'succeeded'],
    [[told('model.ready')], 'succeeded'],
    [[told('run.failed')], 'failed'],
    [[told('run.superseded'), told('run.queued')], 'superseded'],
    [[told('run.cancelled'), told('run.started')], 'cancelled'],
  ]
  for (const [given, state] of table) assert.equal(foldRun(given).state, state)
})

test('a model is held only until there is another word, even if the clocks disagree', () => {
  const held = told('model.held', { decidedAt: at(50) })
  const table: [RunEvent[], NonNullable<RunView['verdict']>['state']][] = [
    [[held], 'held'],
    [[held, told('model.promoted', { decidedBy: 'person', actor: 'ada', decidedAt: at(49) })], 'promoted'],
    [[held, told('model.rejected', { decidedAt: at(51) })], 'rejected'],
    [[held, told('model.rejected', { decidedBy: 'limit', decidedAt: at(51) })], 'expired'],
    [[held, told('model.overtaken', { decidedAt: at(40) })], 'overtaken'],
  ]
  for (const [given, state] of table) assert.equal(foldRun(given).verdict?.state, state)
})

test('a model that is judged again, after a backup was restored, is what the newer judgement says, until a person decides', () => {
  const before = [told('model.promoted'), told('model.ready')]
  const heldAgain = told('model.held', { decidedAt: at(50) })
  const approved = told('model.promoted', { decidedBy: 'person', actor: 'ada', decidedAt: at(60) })
  assert.equal(foldRun([...before, heldAgain]).verdict?.state, 'held')
  assert.equal(foldRun([...before, heldAgain, approved]).verdict?.state, 'promoted')
})

test('a run of which only is known that its model was put in force was decided about, by whom and why', () => {
  const rolledBackTo = told('model.ready', { decidedBy: 'person', actor: 'ada', reason: 'the newer one swears' })
  const { verdict } = foldRun([rolledBackTo])
  assert.deepEqual([verdict?.state, verdict?.actor, verdict?.reasons], ['promoted', 'ada', ['the newer one swears']])
})

test('the facts of a run come from the events that know them', () => {
  const view = foldRun(events)
  assert.equal(view.begunAt, iso(2))
  assert.equal(view.lastAt, iso(90))
  assert.equal(view.request?.reason, 'the dataset changed')
  assert.equal(view.startedAt, iso(3))
  assert.deepEqual(view.end, { endedAt: iso(19), outcome: 'done', reason: null, attempts: 2, actor: null, by: null })
  assert.deepEqual(view.evaluation?.champion, { run: run('y'), sequence: 3 })
  assert.deepEqual(view.promotions, [4, 9])
  assert.equal(view.verdict?.actor, 'ada')
})

test('a run that was cut off says by whom', () => {
  const superseded = foldRun([told('run.superseded')]).end
  assert.deepEqual(superseded, {
    endedAt: iso(4),
    outcome: null,
    reason: null,
    attempts: null,
    actor: null,
    by: run('z'),
  })
  const cancelled = foldRun([told('run.cancelled')]).end
  assert.deepEqual(cancelled, {
    endedAt: iso(7),
    outcome: null,
    reason: 'wrong data',
    attempts: null,
    actor: 'ada',
    by: null,
  })
})
