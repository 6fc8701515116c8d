import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RunId, RunState } from '../../schemas/words.ts'
import { digestOf } from '../../schemas/words.ts'
import { decide, type Facts } from '../../services/intake/decide.ts'

const same = digestOf('this work')
const other = digestOf('other work')
const run = 'run-aaaaaaaaaa' as RunId

function facts(state: RunState | null | 'none', more: Partial<Facts> = {}): Facts {
  const newest = state === 'none' ? undefined : { run, generation: 7, workIdentity: same, state }
  return { workIdentity: same, insisted: false, newest, failures: 0, failuresPerWork: 3, ...more }
}

describe('whether a request becomes a run', () => {
  test('the first of a key does, and so does other work than the newest', () => {
    assert.equal(decide(facts('none')).kind, 'requested')
    for (const state of [null, 'queued', 'running', 'succeeded', 'failed'] as const)
      assert.equal(decide(facts(state, { workIdentity: other })).kind, 'requested')
  })

  test('the same work, unfinished, takes it in, whoever asks', () => {
    for (const state of [null, 'queued', 'running'] as const)
      for (const insisted of [true, false]) {
        const decision = decide(facts(state, { insisted }))
        assert.deepEqual(decision, {
          kind: 'coalesced',
          run,
          reason: `${run} (generation 7) is already doing this very work`,
        })
      }
  })

  test('the same work, concluded, is unchanged, unless a person asks', () => {
    const decision = decide(facts('succeeded'))
    assert.equal(decision.kind, 'unchanged')
    assert.match(decision.kind === 'unchanged' ? decision.reason : '', /run-aaaaaaaaaa \(generation 7\)/)
    assert.equal(decide(facts('succeeded', { insisted: true })).kind, 'requested')
  })

  test('the same work, failed or cancelled, is tried again until it has failed too often', () => {
    for (const state of ['failed', 'cancelled', 'superseded'] as const)
      assert.equal(decide(facts(state)).kind, 'requested')
    assert.equal(decide(facts('failed', { failures: 2 })).kind, 'requested')
    const decision = decide(facts('failed', { failures: 3 }))
    assert.match(decision.kind === 'rejected' ? decision.reason : '', /this data fails: 3 runs/)
    assert.equal(decide(facts('failed', { failures: 3, insisted: true })).kind, 'requested')
  })
})
