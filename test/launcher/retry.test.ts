import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptOutcome } from '../../schemas/words.ts'
import { retry } from '../../services/launcher/retry.ts'
import { ended } from './facts.ts'

const retries = { limit: 2, backoffSeconds: 30, resumeLimit: 2 }
const endedMs = 1_000_000
const history = (...outcomes: AttemptOutcome[]) =>
  outcomes.map((outcome, index) => ended(outcome, { number: index + 1, endedMs }))
const after = (...outcomes: AttemptOutcome[]) => retry(history(...outcomes), retries, 3_600_000)

test('a run without an attempt gets one at once', () => {
  assert.deepEqual(after(), { kind: 'again', atMs: 0 })
})

for (const outcome of ['badInput', 'badOutput'] as const) {
  test(`${outcome} is not tried again`, () => {
    assert.deepEqual(after(outcome), { kind: 'giveUp', outcome, reason: `it ${outcome}` })
  })
}

for (const outcome of ['crashed', 'lost', 'deadline'] as const) {
  test(`${outcome} costs a retry; when none is left, the run fails with the last reason`, () => {
    assert.equal(after(outcome).kind, 'again')
    assert.equal(after(outcome, outcome).kind, 'again')
    assert.deepEqual(after(outcome, outcome, outcome), {
      kind: 'giveUp',
      outcome,
      reason: `it ${outcome} (2 retries were used)`,
    })
  })
}

test('a reason that ends in a full stop is one sentence with the retries', () => {
  const attempts = history('crashed', 'crashed', 'crashed').map((each) => ({ ...each, reason: 'its last line: Bye.' }))
  const next = retry(attempts, retries, 3_600_000)
  assert.equal(next.kind === 'giveUp' ? next.reason : '', 'its last line: Bye (2 retries were used)')
})

test('the back-off doubles, is jittered between a half and the whole, and is the same at each look', () => {
  const waits = [after('crashed'), after('crashed', 'crashed')].map((next) =>
    next.kind === 'again' ? next.atMs - endedMs : -1,
  )
  assert.ok((waits[0] ?? 0) >= 15_000 && (waits[0] ?? 0) <= 30_000, String(waits[0]))
  assert.ok((waits[1] ?? 0) >= 30_000 && (waits[1] ?? 0) <= 60_000, String(waits[1]))
  assert.deepEqual(after('crashed'), after('crashed'))
})

test('the back-off has an upper limit', () => {
  const next = retry(history('crashed', 'crashed', 'crashed'), { ...retries, limit: 9, backoffSeconds: 1_000 }, 1_000)
  assert.ok(next.kind === 'again' && next.atMs <= endedMs + 1_000)
})

for (const outcome of ['resumable', 'stopped'] as const) {
  test(`${outcome} costs no retry and goes on at once, up to a limit`, () => {
    assert.deepEqual(after(outcome, outcome), { kind: 'again', atMs: endedMs })
    assert.equal(after('crashed', 'crashed', outcome).kind, 'again')
    const over = after(outcome, outcome, outcome)
    assert.ok(over.kind === 'giveUp' && over.reason.includes('2 are allowed'), JSON.stringify(over))
  })
}

test('stops before an attempt began are no reason to hurry: the second one in a row waits, and the end says why', () => {
  const refused = (count: number) =>
    history(...Array.from({ length: count }, () => 'stopped' as const)).map((each) => ({ ...each, claimedMs: null }))
  const patient = { ...retries, resumeLimit: 3 }
  const waits = [1, 2, 3].map((count) => {
    const next = retry(refused(count), patient, 3_600_000)
    return next.kind === 'again' ? next.atMs - endedMs : -1
  })
  assert.equal(waits[0], 0)
  assert.ok((waits[1] ?? 0) >= 15_000 && (waits[1] ?? 0) <= 30_000, String(waits[1]))
  assert.ok((waits[2] ?? 0) >= 30_000 && (waits[2] ?? 0) <= 60_000, String(waits[2]))
  const over = retry(refused(4), patient, 3_600_000)
  assert.match(over.kind === 'giveUp' ? over.reason : '', /stopped 4 times .*; the last time: it stopped$/)
})

test('without retries the first crash fails the run', () => {
  const next = retry(history('crashed'), { ...retries, limit: 0 }, 1_000)
  assert.deepEqual(next, { kind: 'giveUp', outcome: 'crashed', reason: 'it crashed (no retry is allowed)' })
})
