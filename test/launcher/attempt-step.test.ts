import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runnerExitCodes } from '../../schemas/run-api.ts'
import { attemptStep, needsObservation, noteOf } from '../../services/launcher/attempt-step.ts'
import type { Observation } from '../../services/launcher/executor/executor.ts'
import type { AttemptFacts } from '../../services/launcher/facts.ts'
import { attemptFacts, created, nowMs, timings } from './facts.ts'

const graceMs = 30_000
const absent: Observation = { state: 'absent' }
const alive: Observation = { state: 'running', handle: 'pid' }
const gone: Observation = { state: 'ended', exitCode: 137, signal: null, reason: 'out of memory' }
const onLostNode: Observation = { state: 'running', handle: 'uid', words: 'its node does not answer', isNodeLost: true }
const hopeless: Observation = {
  state: 'starting',
  handle: 'uid',
  hopeless: { outcome: 'badInput', reason: 'its image has no name' },
}
const past = (milliseconds: number): Partial<AttemptFacts> => ({ dueMs: nowMs - milliseconds })
const longPast = past(graceMs + timings.marginMs)
const told = { stop: 'a newer request takes its place' }
const done: Partial<AttemptFacts> = { state: 'ended', outcome: 'done', endedMs: nowMs - 100 }

type Row = readonly [title: string, attempt: Partial<AttemptFacts>, seen: Observation | undefined, act: string | null]
const rows: readonly Row[] = [
  ['an attempt that was never handed to the executor is started', created, undefined, 'start'],
  [
    'I1: one that is on record there and absent has ended, and is not started again',
    { ...created, placed: true },
    absent,
    'end lost',
  ],
  [
    'one that was told to stop before it was started ends without a start',
    { ...created, ...told },
    absent,
    'end stopped',
  ],
  ['one that was told to stop and may have been started after all is stopped', { ...created, ...told }, alive, 'stop'],
  ['one that nobody has claimed in time is stopped', { ...created, placed: true, ...past(1) }, alive, 'stop'],
  [
    'one that nobody has claimed in time and is gone is lost',
    { ...created, placed: true, ...past(1) },
    gone,
    'end lost',
  ],
  [
    'also when the executor takes the stop, which was ours, for a disruption',
    { ...created, placed: true, ...past(1) },
    { ...gone, isDisrupted: true },
    'end lost',
  ],
  ['one that waits for its runner is left alone', { ...created, placed: true }, alive, null],
  ['one that runs is left alone', {}, alive, null],
  ['one that cannot start however long one waits ends', { ...created, placed: true }, hopeless, 'end badInput'],
  ['one whose Job somebody has deleted is stopped in order', {}, { ...alive, isForsaken: true }, 'stop'],
  [
    'one that was disrupted was stopped by somebody else, and costs no retry',
    {},
    { ...gone, isDisrupted: true },
    'end stopped',
  ],
  [
    'D13: one whose runner was replaced by another was stopped by somebody else, and costs no retry',
    {},
    { ...gone, exitCode: runnerExitCodes.notOurs },
    'end stopped',
  ],
  [
    'one that nobody has claimed, and whose runner was refused, is lost',
    { ...created, placed: true },
    { ...gone, exitCode: runnerExitCodes.notOurs },
    'end lost',
  ],
  [
    'one whose own runner was refused what it said is lost, and costs a retry',
    {},
    { ...gone, exitCode: runnerExitCodes.refused },
    'end lost',
  ],
  ['silence of the executor is no end', {}, undefined, null],
  ['D13: nor is that of the node of one that a runner has claimed', {}, onLostNode, null],
  [
    'one that no runner has claimed ends when its node is lost, and costs no retry',
    { ...created, placed: true },
    onLostNode,
    'end stopped',
  ],
  ['past its deadline a lost node is no fault of the program', longPast, onLostNode, 'end stopped'],
  ['silence after the deadline is no end yet: the runner may still be stopping', past(1), undefined, null],
  ['D13: after deadline, grace and margin silence is an end', longPast, undefined, 'end lost'],
  ['D13: one that still runs then has no effect any more', longPast, alive, 'end deadline'],
  ['one whose runner is gone without a word is lost', {}, gone, 'end lost'],
  ['one that was told to stop is stopped', told, alive, 'stop'],
  ['one that was told to stop and is gone has stopped', told, gone, 'end stopped'],
  ['one that was told to stop and never did ends after its deadline', { ...told, ...longPast }, alive, 'end stopped'],
  ['I7: one whose end is on record stays until it is gone', done, alive, null],
  [
    'one that is still there long after its last word is ended by force',
    { ...done, endedMs: nowMs - timings.leaveMs },
    alive,
    'stop',
  ],
  [
    'one that ended before a runner came is ended at once: it may hold a GPU',
    { ...created, state: 'ended', placed: true, outcome: 'badInput', endedMs: nowMs },
    hopeless,
    'stop',
  ],
  ['I7: one that is gone is released', done, gone, 'release'],
  ['a release that was cut off is repeated', done, absent, 'release'],
  ['nothing is released while the executor cannot say', done, undefined, null],
  ['one that is released is over', { ...done, released: true }, undefined, null],
]
for (const [title, attempt, seen, act] of rows) {
  test(title, () => {
    const step = attemptStep(attemptFacts(attempt), seen, nowMs, { graceMs, timings })
    assert.equal(step.act && (step.act.do === 'end' ? `end ${step.act.outcome}` : step.act.do), act)
    assert.ok(step.lookInMs === null ? attempt.released : step.lookInMs <= timings.observeEveryMs)
  })
}

test('what the executor saw of the end is the reason', () => {
  const { act } = attemptStep(attemptFacts(), gone, nowMs, { graceMs, timings })
  assert.ok(act?.do === 'end')
  assert.deepEqual([act.exitCode, act.reason], [137, 'its runner ended without a report: out of memory'])
  const early = attemptStep(attemptFacts({ ...created, placed: true }), gone, nowMs, { graceMs, timings }).act
  assert.equal(early?.do === 'end' && early.reason, 'it ended before a runner claimed it: out of memory')
})

test('a look is due when something becomes due', () => {
  const step = attemptStep(attemptFacts({ dueMs: nowMs - graceMs - timings.marginMs + 7 }), alive, nowMs, {
    graceMs,
    timings,
  })
  assert.deepEqual(step, { act: null, lookInMs: 7 })
})

test('the executor is asked only about what was handed to it', () => {
  assert.equal(needsObservation(attemptFacts(created), nowMs), false)
  assert.equal(needsObservation(attemptFacts({ ...created, ...told }), nowMs), true)
  assert.equal(needsObservation(attemptFacts(), nowMs), true)
  assert.equal(needsObservation(attemptFacts({ ...done, released: true }), nowMs), false)
})

test('what the executor says of how an attempt stands is noted where it is news, and not once it has ended', () => {
  const waits: Observation = { state: 'starting', handle: 'uid', words: 'waits for a GPU' }
  const noted = (changes: Partial<AttemptFacts>, seen: Observation | undefined) =>
    noteOf(attemptFacts(changes), seen, nowMs)?.do === 'note'
  assert.equal(noted({}, waits), true)
  assert.equal(noted({ standing: 'waits for a GPU' }, waits), false)
  assert.equal(noted({ standing: 'waits for a node' }, waits), true)
  assert.equal(noted(done, waits), false)
  for (const seen of [undefined, absent, alive, gone]) assert.equal(noted({}, seen), false)
})

test('one that runs and was not claimed says so: its runner may find no way to the launcher', () => {
  const runs: Observation = { state: 'running', handle: 'uid', words: 'runs on node gpu-1', begunMs: nowMs - 11_000 }
  const notedOf = (changes: Partial<AttemptFacts>, seen: Observation) => {
    const act = noteOf(attemptFacts(changes), seen, nowMs)
    return act?.do === 'note' && act.words
  }
  assert.equal(notedOf(created, runs), 'runs on node gpu-1, and its runner has not called yet')
  assert.equal(notedOf({}, runs), 'runs on node gpu-1')
  assert.equal(notedOf(created, { ...runs, begunMs: nowMs - 9_000 }), 'runs on node gpu-1')
  assert.equal(notedOf(created, { state: 'running', handle: 'uid', words: 'is told to stop' }), 'is told to stop')
  assert.equal(notedOf(created, onLostNode), 'its node does not answer')
})

test('one that nobody has claimed in time is lost to what it waited for, and not to our own stop', () => {
  const waiting = attemptFacts({ ...created, placed: true, ...past(1), standing: 'waits for a node: too few' })
  const limits = { graceMs, timings }
  const reasonOf = (seen: Observation | undefined, changes: Partial<AttemptFacts> = {}) => {
    const { act } = attemptStep({ ...waiting, ...changes }, seen, nowMs, limits)
    return act?.do === 'end' && act.reason
  }
  const until = 'no runner claimed it in time; until then: waits for a node: too few'
  assert.equal(reasonOf({ ...gone, isDisrupted: true }), until)
  assert.equal(reasonOf(absent), until)
  assert.equal(reasonOf(undefined, longPast), until)
  assert.equal(reasonOf(gone), 'no runner claimed it in time: out of memory')
  assert.equal(reasonOf(absent, { standing: null }), 'no runner claimed it in time: the executor has no trace of it')

  const told: Observation = { state: 'running', handle: 'uid', words: 'is told to stop' }
  assert.equal(noteOf(waiting, told, nowMs), null)
})
