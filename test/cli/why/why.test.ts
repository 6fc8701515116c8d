import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeyFacts, QueuedRun, RunningRun } from '../../../services/cli/why/facts.ts'
import { why } from '../../../services/cli/why/why.ts'

const now = new Date('2026-03-01T12:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)

const idle: KeyFacts = {
  bot: 'helpdesk',
  jobType: 'intents',
  now,
  request: null,
  requested: null,
  queued: null,
  running: null,
  held: [],
  pin: null,
  champion: null,
  last: null,
  lastSignal: null,
}
const waiting = {
  state: 'waiting',
  since: at(-3),
  dueAt: at(12),
  signals: 4,
  tries: 0,
  failures: 0,
  problem: null,
  earlier: null,
} as const
const unreachable = {
  ...waiting,
  state: 'fetching',
  dueAt: at(30),
  tries: 2,
  failures: 2,
  problem: 'the source answered 503.',
} as const
const queued: QueuedRun = {
  run: 'run-x',
  since: at(-9),
  position: 3,
  waitsFor: 'slot',
  behind: null,
  isPaused: false,
}
const running: RunningRun = {
  run: 'run-y',
  since: at(-30),
  progress: 0.4,
  attempt: 1,
  before: null,
  stop: null,
  between: null,
  waitsFor: null,
  silentMs: null,
  standing: null,
  trained: null,
}
const between = { end: 'crashed', reason: 'exit code 1.', since: at(-20) }
const rejected = {
  kind: 'rejected',
  run: 'run-r',
  at: at(-60),
  by: 'policy',
  reasons: ['recall of a fell by 0.4.'],
} as const
const champion = { sequence: 3, run: 'run-c', since: at(-60), decidedBy: 'policy', actor: null, reason: 'better' }
const signal = { signal: 'sig-1', at: at(-5), reason: 'same dataset as run-r' } as const

const table: readonly (readonly [title: string, facts: Partial<KeyFacts>, sentence: string])[] = [
  ['edits that go on', { request: waiting }, 'Waiting for the edits to pause (4 signals so far); that ends in 12 s.'],
  [
    'edits that go on while a run is in progress',
    { request: waiting, running },
    'Waiting for the edits to pause (4 signals so far); that ends in 12 s; meanwhile run-y is running (40 %).',
  ],
  [
    'a dataset on its way',
    { request: { ...waiting, state: 'fetching', dueAt: null } },
    'Its dataset is being fetched and checked.',
  ],
  [
    'a dataset that cannot be had',
    { request: unreachable },
    'Its dataset could not be fetched (attempt 2: the source answered 503); the next try is in 30 s.',
  ],
  [
    'edits that have paused, and wait for the dataset of the change before them',
    { request: { ...waiting, dueAt: at(-4), earlier: { ...unreachable, holdsUp: true } } },
    'Waiting for the dataset of the change before it, which could not be fetched (attempt 2: the source answered 503); the next try is in 30 s.',
  ],
  [
    'a dataset that is tried again',
    { request: { ...unreachable, tries: 3 } },
    'Its dataset is being fetched again (attempt 3), after one that failed: the source answered 503.',
  ],
  [
    'edits that have paused, and need not wait for the change before them',
    { request: { ...waiting, dueAt: at(-4), earlier: { ...unreachable, holdsUp: false } } },
    'Waiting for the edits to pause (4 signals so far); that ends now.',
  ],
  [
    'a run whose end is on its way',
    { last: { kind: 'ending', run: 'run-e', at: at(-1) } },
    'run-e has ended, and how is on its way.',
  ],
  [
    'edits that have paused just now',
    { request: { ...waiting, dueAt: at(-4) } },
    'Waiting for the edits to pause (4 signals so far); that ends now.',
  ],
  [
    'a request that was put off',
    { request: { ...waiting, dueAt: at(30), problem: 'the disk is full.' } },
    'It could not go on (the disk is full); the next try is in 30 s.',
  ],
  [
    'a request that has not come to the queue',
    { requested: { run: 'run-n', since: at(-90) }, running, last: rejected },
    'run-n is requested, and the launcher has not heard of it yet; meanwhile run-y is running (40 %).',
  ],
  ['a queue', { queued }, 'run-x is third in line for a slot of intents.'],
  [
    'a queue that nothing leaves',
    { queued: { ...queued, isPaused: true } },
    'run-x is third in line, but intents has no slots: none of its runs starts until a person gives it some.',
  ],
  [
    'a verdict that is not given yet',
    { queued: { ...queued, waitsFor: 'verdict', behind: 'run-w' } },
    'run-x waits for the verdict on run-w, so that it meets the right champion.',
  ],
  [
    'a run of the same key before it',
    { queued: { ...queued, waitsFor: 'running', behind: 'run-y' }, running },
    'run-x waits behind run-y, which is running (40 %).',
  ],
  ['a run', { running }, 'run-y is running (40 %).'],
  [
    'a run that was tried before',
    { running: { ...running, attempt: 2, before: 'crashed' } },
    'run-y is running (40 %), attempt 2 after one that crashed.',
  ],
  [
    'a run on a node that is lost',
    {
      running: {
        ...running,
        silentMs: 180_000,
        standing: 'is told to stop; its node gpu-1 does not answer, so nobody can tell when it has',
      },
    },
    'run-y has not been heard of for 3 min (40 %): it is told to stop; its node gpu-1 does not answer, so nobody can tell when it has.',
  ],
  [
    'a run whose runner is cut off',
    { running: { ...running, silentMs: 180_000 } },
    'run-y has not been heard of for 3 min (40 %).',
  ],
  [
    'a run that is told to stop',
    { running: { ...running, stop: 'ada cancelled it: not needed.' } },
    'run-y is told to stop: ada cancelled it: not needed.',
  ],
  [
    'a run between two attempts',
    { running: { ...running, progress: 0, between: { ...between, until: null } } },
    'run-y waits for its next attempt: attempt 1 crashed 20 s ago (exit code 1).',
  ],
  [
    'a run whose next attempt waits for its back-off',
    { running: { ...running, between: { ...between, until: at(40) } } },
    'run-y waits for its next attempt, which begins in 40 s: attempt 1 crashed 20 s ago (exit code 1).',
  ],
  [
    'a run whose next attempt is due',
    { running: { ...running, between: { ...between, until: at(-1) } } },
    'run-y waits for its next attempt: attempt 1 crashed 20 s ago (exit code 1).',
  ],
  [
    'a run that has no GPU yet',
    {
      running: {
        ...running,
        progress: null,
        waitsFor: { words: 'waits for a GPU: 0 of 2 nodes free', since: at(-180) },
      },
    },
    'run-y has its slot and waits for a GPU: 0 of 2 nodes free (for 3 min).',
  ],
  [
    'a champion at its exam',
    { running: { ...running, progress: 1, trained: 'champion' } },
    'run-y is trained and waits for the champion to sit the same exam.',
  ],
  [
    'an end that is on its way',
    { running: { ...running, progress: 1, trained: 'end' } },
    'run-y is trained, and its result is being taken in.',
  ],
  [
    'an evaluation',
    { last: { kind: 'evaluating', run: 'run-e', at: at(-1) } },
    'The training of run-e is done and its model is being evaluated.',
  ],
  [
    'a person who has to decide',
    {
      held: [
        {
          run: 'run-h',
          since: at(-60),
          expiresAt: at(600_000),
          rule: 'difference',
          reasons: ['the exam cannot tell.'],
        },
      ],
      last: { kind: 'held', run: 'run-h', at: at(-60), by: 'policy', reasons: [] },
    },
    'The model of run-h is held for a person to decide: the exam cannot tell.',
  ],
  [
    'a pin',
    {
      held: [{ run: 'run-h', since: at(-60), expiresAt: null, rule: 'difference', reasons: ['pinned'] }],
      pin: { since: at(-99), actor: 'ada', reason: 'rolled back' },
    },
    'The model of run-h is held for a person to decide: the key is pinned by ada.',
  ],
  [
    'a model that was held for a pin that is no more',
    { held: [{ run: 'run-h', since: at(-60), expiresAt: null, rule: 'pin', reasons: ['pinned'] }] },
    'The model of run-h is held for a person to decide: it was judged while the key was pinned.',
  ],
  [
    'a model that was held before a person pinned the key',
    {
      held: [{ run: 'run-h', since: at(-60), expiresAt: null, rule: 'difference', reasons: ['the exam cannot tell'] }],
      pin: { since: at(-9), actor: 'ada', reason: 'rolled back' },
    },
    'The model of run-h is held for a person to decide: the exam cannot tell.',
  ],
  [
    'a promotion',
    { last: { kind: 'promoted', run: 'run-p', at: at(-3600), by: 'policy', reasons: ['proven not worse.'] } },
    'Nothing is held up: run-p was promoted by policy 1 h ago: proven not worse.',
  ],
  [
    'a rollback',
    {
      last: { ...rejected, at: at(-90) },
      champion: { ...champion, decidedBy: 'person', actor: 'ada', reason: 'too early.' },
    },
    'Nothing is under way: ada put run-c in force 1 min ago (too early).',
  ],
  [
    'the pin that a rollback leaves',
    {
      last: { kind: 'promoted', run: 'run-p', at: at(-90), by: 'policy', reasons: [] },
      champion: { ...champion, decidedBy: 'person', actor: 'ada', reason: 'too early' },
      pin: { since: at(-60), actor: 'ada', reason: 'too early' },
    },
    'Nothing is under way: ada put run-c in force 1 min ago (too early), and the pin lets machines only hold.',
  ],
  [
    'a rollback to the very run that came last',
    {
      last: { kind: 'promoted', run: 'run-c', at: at(-90), by: 'policy', reasons: [] },
      champion: { ...champion, decidedBy: 'person', actor: 'ada', reason: 'after all' },
      pin: { since: at(-60), actor: 'ada', reason: 'after all' },
    },
    'Nothing is under way: ada put run-c in force 1 min ago (after all), and the pin lets machines only hold.',
  ],
  [
    'an approval',
    {
      last: { kind: 'promoted', run: 'run-c', at: at(-60), by: 'ada', reasons: ['fine by me'] },
      champion: { ...champion, decidedBy: 'person', actor: 'ada', reason: 'fine by me' },
    },
    'Nothing is held up: run-c was promoted by ada 1 min ago: fine by me.',
  ],
  ['a rejection', { last: rejected }, 'The model of run-r was rejected by policy 1 min ago: recall of a fell by 0.4.'],
  [
    'a failure',
    { last: { kind: 'failed', run: 'run-f', at: at(-60), reason: 'exit code 1 three times.' } },
    'run-f failed 1 min ago: exit code 1 three times.',
  ],
  [
    'a signal that changed nothing since',
    { last: rejected, lastSignal: { ...signal, end: 'unchanged' } },
    'The last signal changed nothing: same dataset as run-r.',
  ],
  [
    'a signal that was refused',
    { lastSignal: { ...signal, end: 'rejected', reason: 'line 3: no text.' } },
    'The last signal was rejected: line 3: no text.',
  ],
  [
    'a stale signal after the last run',
    { last: rejected, lastSignal: { ...signal, end: 'coalesced', reason: 'revision 3 is stale: 5 came before it.' } },
    'The last signal was coalesced: revision 3 is stale: 5 came before it.',
  ],
  [
    'a signal that went into the last run while that was under way',
    { last: rejected, lastSignal: { ...signal, end: 'coalesced', at: at(-70) } },
    'The model of run-r was rejected by policy 1 min ago: recall of a fell by 0.4.',
  ],
  [
    'a refused signal of before the last run',
    { last: rejected, lastSignal: { ...signal, end: 'rejected', at: at(-900) } },
    'The model of run-r was rejected by policy 1 min ago: recall of a fell by 0.4.',
  ],
  ['silence', {}, 'Nothing is under way, and nothing has ended yet.'],
]

for (const [title, facts, sentence] of table) {
  test(`the answer to "why" explains ${title}`, () => assert.equal(why({ ...idle, ...facts }).sentence, sentence))
}

test('the evidence tells the request that is under way, and the one before it', () => {
  assert.deepEqual(why({ ...idle, request: { ...waiting, earlier: { ...unreachable, holdsUp: true } } }).evidence, [
    'request: waiting since 3 s, 4 signals, due in 12 s',
    'the request before it: fetching since 3 s, 4 signals, due in 30 s, last error: the source answered 503',
  ])
})

test('the evidence tells where a run is carried out', () => {
  const evidenceOf = (standing: string | null) => why({ ...idle, running: { ...running, standing } }).evidence[0]
  assert.equal(evidenceOf(null), 'running: run-y since 30 s, attempt 1')
  const lost = 'ran on node gpu-1, which does not answer'
  assert.equal(evidenceOf(lost), `running: run-y since 30 s, attempt 1: ${lost}`)
})

test('the evidence says how to give slots to a job type that has none', () => {
  const { evidence } = why({ ...idle, queued: { ...queued, isPaused: true } })
  assert.deepEqual(evidence, [
    'queue: run-x since 9 s, waits for a slot',
    'let it start with: trainyard slots intents NUMBER --reason …',
  ])
})

test('the evidence says how to decide, how to unpin, and where the whole story is', () => {
  const { evidence } = why({
    ...idle,
    held: [{ run: 'run-h', since: at(-60), expiresAt: at(7200), rule: 'difference', reasons: ['undecided'] }],
    pin: { since: at(-99), actor: 'ada', reason: 'rolled back' },
    champion: { ...champion, since: at(-7200) },
    last: { kind: 'held', run: 'run-h', at: at(-60), by: 'policy', reasons: ['undecided', 'pinned'] },
  })
  assert.deepEqual(evidence, [
    'held: run-h since 1 min, expires in 2 h: undecided',
    'decide with: trainyard approve run-h --reason …, or trainyard reject run-h --reason …',
    'pinned by ada 1 min ago: rolled back; machines only hold until: trainyard unpin helpdesk --reason …',
    'champion: number 3, run-c, since 2 h',
    'last run: run-h held 1 min ago; whole story: trainyard run run-h',
    'its verdict: undecided',
    'its verdict: pinned',
  ])
})
