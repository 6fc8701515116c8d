import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../../../services/cli/client/console.ts'
import type { Attempt } from '../../../services/cli/client/launcher.ts'
import { type Answers, endOf, factsOf } from '../../../services/cli/why/collect.ts'
import { someRun } from '../some-run.ts'

const now = new Date('2026-03-01T12:00:00Z')
const nothing: Answers = {
  requests: [],
  queue: [],
  keys: [],
  runs: [],
  signals: [],
  attempts: new Map(),
  slots: [],
}
const entry = { bot: 'b', jobType: 'intents', position: null, waitsFor: null, since: now, progress: null }
const attempt = {
  attempt: 'run-y-1',
  kind: 'train',
  number: 1,
  state: 'ended',
  progress: 0.3,
  outcome: 'crashed',
  reason: 'exit code 1',
  exitCode: 1,
  signal: null,
  createdAt: now,
  claimedAt: now,
  stop: null,
  standing: null,
  standingSince: null,
  silentMs: null,
  remarks: [],
  endedAt: now,
  followedFrom: null,
} satisfies Attempt
const run: Run = { ...someRun(now), run: 'run-a' }

test('a bot that no service knows has no facts', () => {
  assert.deepEqual(factsOf('b', nothing, now), [])
})

test('the facts of each job type are kept apart', () => {
  const queue = [
    { ...entry, run: 'run-x', state: 'queued', waitsFor: 'slot', position: 3 },
    { ...entry, run: 'run-y', state: 'running', jobType: 'other', progress: 0.4 },
  ] as const
  const facts = factsOf('b', { ...nothing, queue }, now)
  assert.deepEqual(
    facts.map(({ jobType, queued, running }) => [jobType, queued?.run, running?.run]),
    [
      ['intents', 'run-x', undefined],
      ['other', undefined, 'run-y'],
    ],
  )
})

test('a queued run names the run of its key that it waits for, whether that trains or awaits its verdict', () => {
  for (const state of ['running', 'succeeded'] as const) {
    const queue = [
      { ...entry, run: 'run-w', state },
      { ...entry, run: 'run-x', state: 'queued', waitsFor: 'verdict' },
    ] as const
    assert.equal(factsOf('b', { ...nothing, queue }, now)[0]?.queued?.behind, 'run-w')
  }
})

const request = {
  bot: 'b',
  jobType: 'intents',
  since: now,
  dueAt: now,
  signals: 1,
  dataset: null,
  tries: 0,
  failures: 0,
  problem: null,
}

test('of two requests of a key the one that waits is told, and the one that is fetched as the one before it', () => {
  const requests = [
    { ...request, run: 'run-a', state: 'fetching', tries: 2 },
    { ...request, run: 'run-b', state: 'waiting' },
  ] as const
  const tell = (given: Answers['requests']) => factsOf('b', { ...nothing, requests: given }, now)[0]?.request
  assert.deepEqual([tell(requests)?.state, tell(requests)?.earlier?.tries], ['waiting', 2])
  assert.deepEqual([tell([requests[0]])?.state, tell([requests[0]])?.earlier], ['fetching', null])
})

test('a request that names a dataset is held up by one whose dataset is being fetched, and not by one that failed', () => {
  const holdsUp = (failures: number, dataset: string | null) => {
    const older = { ...request, run: 'run-a', state: 'fetching', tries: 1, failures } as const
    const newer = { ...request, run: 'run-b', state: 'waiting', dataset } as const
    return factsOf('b', { ...nothing, requests: [older, newer] }, now)[0]?.request?.earlier?.holdsUp
  }
  assert.deepEqual([holdsUp(0, 'dataset:x'), holdsUp(1, null), holdsUp(1, 'dataset:x')], [true, true, false])
})

test('a run that has ended and whose end the history has not heard of is not forgotten', () => {
  const begun: Run = { ...run, run: 'run-y', state: 'running', end: null }
  const last = (known: Partial<Answers>) => factsOf('b', { ...nothing, ...known }, now)[0]?.last
  const holder = (state: 'running' | 'succeeded') => ({ ...entry, run: 'run-y', state })
  assert.deepEqual(last({ runs: [begun] }), { kind: 'ending', run: 'run-y', at: now })
  assert.equal(last({ runs: [begun], queue: [holder('running')] }), null)
  const evaluating = { kind: 'evaluating', run: 'run-y', at: now }
  assert.deepEqual(last({ runs: [begun], queue: [holder('succeeded')] }), evaluating)
  assert.deepEqual(last({ runs: [], queue: [holder('succeeded')] }), evaluating)
  const held = { state: 'held', decidedAt: now, decidedBy: 'policy', actor: null, reasons: [] }
  assert.equal(last({ runs: [{ ...run, run: 'run-y', verdict: held }], queue: [holder('succeeded')] })?.kind, 'held')
})

test('a run whose signal waits, and that neither the queue nor the history has seen go on, is requested', () => {
  const signal = { signal: 'sig-1', trigger: 't', bot: 'b', jobType: 'intents', receivedAt: now, request: 'run-a' }
  const signals = [{ ...signal, end: null, run: null, reason: null, endedAt: null }]
  const requested = (known: Partial<Answers>) => {
    return factsOf('b', { ...nothing, signals, ...known }, now)[0]?.requested?.run
  }
  const queued = { ...entry, run: 'run-a', state: 'queued', waitsFor: 'slot', position: 1 } as const
  assert.equal(requested({}), 'run-a')
  assert.equal(requested({ runs: [{ ...run, state: 'queued' }] }), 'run-a')
  assert.equal(requested({ queue: [queued] }), undefined)
  assert.equal(requested({ runs: [run] }), undefined)
  assert.equal(requested({ requests: [{ ...request, run: 'run-a', state: 'waiting' }] }), undefined)
})

test('a run that waits for a slot is paused where its job type has none', () => {
  const queue = [{ ...entry, run: 'run-x', state: 'queued', waitsFor: 'slot', position: 1 }] as const
  const isPaused = (count: number) => {
    const slots = { jobType: 'intents', slots: count, configured: 1, chosen: null, used: [], retiring: 0 }
    return factsOf('b', { ...nothing, queue, slots: [slots] }, now)[0]?.queued?.isPaused
  }
  assert.deepEqual([isPaused(0), isPaused(1)], [true, false])
})

test('a running run tells its attempt, and how the one before it ended', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running', progress: 0.4 }] as const
  const second = { ...attempt, attempt: 'run-y-2', number: 2, state: 'claimed', outcome: null, endedAt: null }
  const attempts = new Map([['run-y', [attempt, second, { ...attempt, kind: 'predict', number: 7 } as const]]])
  const [facts] = factsOf('b', { ...nothing, queue, attempts }, now)
  assert.deepEqual(facts?.running, {
    run: 'run-y',
    since: now,
    progress: 0.4,
    attempt: 2,
    before: 'crashed',
    stop: null,
    between: null,
    waitsFor: null,
    silentMs: null,
    standing: null,
    trained: null,
  })
})

test('a running run whose attempt is still being started does not run yet', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running' }] as const
  const open: Attempt = { ...attempt, state: 'created', outcome: null, endedAt: null }
  const [facts] = factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', [open]]]) }, now)
  assert.deepEqual(facts?.running?.waitsFor, { words: 'is being started', since: open.createdAt })
})

test('a running run tells where its attempt is, also while it is told to stop; what it waits for is told otherwise', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running' }] as const
  const lost = 'ran on node gpu-1, which does not answer'
  const standing = (changes: Partial<Attempt>) => {
    const open: Attempt = { ...attempt, outcome: null, endedAt: null, standing: lost, ...changes }
    return factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', [open]]]) }, now)[0]?.running?.standing
  }
  assert.equal(standing({ state: 'claimed' }), lost)
  assert.equal(standing({ state: 'created', stop: 'ada cancelled it' }), lost)
  assert.equal(standing({ state: 'created' }), null)
  assert.equal(standing({ state: 'ended', outcome: 'lost' }), null)
})

test('a running run of which nothing was heard for long tells for how long', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running' }] as const
  const silence = (silentMs: number | null) => {
    const open: Attempt = { ...attempt, state: 'claimed', outcome: null, endedAt: null, silentMs }
    return factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', [open]]]) }, now)[0]?.running?.silentMs
  }
  assert.deepEqual([null, 9_000, 90_000].map(silence), [null, null, 90_000])
})

test('a running run tells that its attempt was told to stop', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running' }] as const
  const told: Attempt = { ...attempt, state: 'claimed', outcome: null, endedAt: null, stop: 'ada cancelled it' }
  const [facts] = factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', [told]]]) }, now)
  assert.equal(facts?.running?.stop, 'ada cancelled it')
})

test('a running run whose last attempt has ended and is not followed yet is between two, and not running', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running', progress: 0.3 }] as const
  const between = (last: Attempt) => {
    return factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', [last]]]) }, now)[0]?.running?.between
  }
  const until = new Date(now.getTime() + 30_000)
  assert.deepEqual(between({ ...attempt, followedFrom: until }), {
    end: 'crashed',
    reason: 'exit code 1',
    since: now,
    until,
  })
  assert.equal(between({ ...attempt, outcome: 'done' }), null, 'its training is over')
  assert.equal(between({ ...attempt, state: 'claimed', outcome: null, endedAt: null }), null)
})

test('a trained run waits for the champion only while there is one that still sits the exam', () => {
  const queue = [{ ...entry, run: 'run-y', state: 'running', progress: 1 }] as const
  const done: Attempt = { ...attempt, outcome: 'done' }
  const sitting: Attempt = { ...attempt, attempt: 'run-y-p1', kind: 'predict', outcome: null, endedAt: null }
  const trained = (...attempts: Attempt[]) =>
    factsOf('b', { ...nothing, queue, attempts: new Map([['run-y', attempts]]) }, now)[0]?.running?.trained
  assert.equal(trained(done), 'end', 'there is no champion')
  assert.equal(trained(done, sitting), 'champion')
  assert.equal(trained(done, { ...sitting, outcome: 'done', endedAt: now }), 'end')
  assert.equal(trained(sitting, { ...done, outcome: null, endedAt: null }), null)
})

const ends: readonly (readonly [title: string, change: Partial<Run>, kind: string | undefined])[] = [
  ['succeeded and has no verdict is being evaluated', {}, 'evaluating'],
  ['runs has not ended', { state: 'running', end: null }, undefined],
  ['failed has failed', { state: 'failed' }, 'failed'],
  [
    'has a verdict ended with that',
    { verdict: { state: 'held', decidedAt: now, decidedBy: 'policy', actor: null, reasons: [] } },
    'held',
  ],
]
for (const [title, change, kind] of ends) {
  test(`a run that ${title}`, () => assert.equal(endOf({ ...run, ...change })?.kind, kind))
}

test('a superseded run names its successor', () => {
  const end = { endedAt: now, outcome: null, reason: null, actor: null, by: 'run-b' }
  assert.deepEqual(endOf({ ...run, state: 'superseded', end }), {
    kind: 'superseded',
    run: 'run-a',
    at: now,
    reason: 'run-b took its place',
  })
})

test('the last signal is the one that ended last, and not the one that came last', () => {
  const signal = { trigger: 't', bot: 'b', jobType: 'intents', request: 'run-b', run: 'run-a', reason: 'so' }
  const ended = (id: string, end: string, receivedAt: number, endedAt: number) => ({
    ...signal,
    signal: id,
    end,
    receivedAt: new Date(receivedAt),
    endedAt: new Date(endedAt),
  })
  const waiting = { ...signal, signal: 'sig-open', end: null, receivedAt: new Date(9), endedAt: null }
  const signals = [waiting, ended('sig-stale', 'coalesced', 3, 3), ended('sig-first', 'unchanged', 2, 7)]
  assert.equal(factsOf('b', { ...nothing, signals }, now)[0]?.lastSignal?.signal, 'sig-first')
})
