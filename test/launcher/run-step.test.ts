import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, RunId } from '../../schemas/words.ts'
import type { Observation } from '../../services/launcher/executor/executor.ts'
import type { RunFacts } from '../../services/launcher/facts.ts'
import { type Act, planOf } from '../../services/launcher/run-step.ts'
import { attemptFacts, ended, examinee, nowMs, runFacts, timings } from './facts.ts'
import { specOf } from './launcher-kit.ts'

const alive: Observation = { state: 'running', handle: 'pid' }
const superseded = { kind: 'superseded', by: RunId.parse('run-bbbbbbbbbb') } as const
const cancelled = { kind: 'cancelled', actor: 'ada', reason: 'wrong data' } as const
const predict = { kind: 'predict' } as const
const spec = specOf({ retries: { limit: 1, backoffSeconds: 0, resumeLimit: 2 } })

function shown(act: Act): string {
  if (act.do === 'try') return `try ${act.kind} ${act.number}`
  if (act.do === 'fail') return `fail ${act.outcome}`
  if (act.do === 'obey') return `obey ${act.stop.kind}`
  if (act.do === 'succeed')
    return `succeed ${act.result.champion ? (act.result.champion.answers ? 'with' : 'without') : 'alone'}`
  return act.do
}

function acts(changes: Partial<RunFacts>): string[] {
  const run = runFacts({ spec, ...changes })
  const seen = new Map(run.attempts.map(({ name }) => [name, alive]))
  return planOf(run, seen, nowMs, timings).acts.map(shown)
}

type Row = readonly [title: string, run: Partial<RunFacts>, acts: string[]]
const rows: readonly Row[] = [
  ['a run whose attempt goes on is left alone', {}, []],
  ['a crash is followed by the next attempt', { attempts: [ended('crashed')] }, ['try train 2']],
  ['the last retry used, the run fails', { attempts: [ended('crashed'), ended('lost', { number: 2 })] }, ['fail lost']],
  ['bad input fails the run at once', { attempts: [ended('badInput')] }, ['fail badInput']],
  ['saved work is gone on with', { attempts: [ended('crashed'), ended('resumable', { number: 2 })] }, ['try train 3']],
  [
    'I1: no successor while the executor has not confirmed the end',
    { attempts: [ended('crashed', { released: false })] },
    [],
  ],
  [
    'D13: a successor starts without a confirmation once the deadline has passed with its margin',
    { attempts: [ended('lost', { released: false, dueMs: nowMs - 3_600_000, endedMs: nowMs })] },
    ['try train 2'],
  ],
  [
    'I2: no run fails, and no key is free, while its attempt may still run',
    { attempts: [ended('badInput', { released: false })] },
    [],
  ],
  [
    'a committed attempt is success, though its process is still there',
    { attempts: [ended('done', { released: false })] },
    ['succeed alone'],
  ],
  ['without a champion nobody else sits the exam', { attempts: [ended('done')] }, ['succeed alone']],
  ['the champion sits the exam beside the training', { examinee }, ['try predict 1']],
  ['success waits for the champion', { examinee, attempts: [attemptFacts(predict), ended('done')] }, []],
  [
    'known answers of the champion are not asked for again',
    { examinee: { ...examinee, answers: digestOf('known') }, attempts: [ended('done')] },
    ['succeed with'],
  ],
  [
    'a champion that crashes is asked again',
    { examinee: { ...examinee, spec }, attempts: [ended('crashed', predict), ended('done')] },
    ['try predict 2'],
  ],
  [
    'a champion that fails for good is missing, with the reason',
    { examinee, attempts: [ended('badOutput', predict), ended('done')] },
    ['succeed without'],
  ],
  [
    'a champion that fails for good does not hold up the training',
    { examinee, attempts: [ended('badOutput', predict), attemptFacts()] },
    [],
  ],
  ['a run that is told to stop tells its attempts', { stop: superseded }, ['tell']],
  ['it waits for them to stop', { stop: superseded, attempts: [ended('stopped', { released: false })] }, []],
  ['then it is superseded', { stop: superseded, attempts: [ended('stopped')] }, ['obey superseded']],
  ['or cancelled', { stop: cancelled, attempts: [ended('crashed')] }, ['obey cancelled']],
  [
    'a failed run tells the champion, which still sits the exam',
    { state: 'failed', holdsKey: false, attempts: [attemptFacts(predict), ended('crashed')] },
    ['tell'],
  ],
  [
    'a verdict that is not due yet is waited for',
    { state: 'succeeded', verdictDueMs: nowMs + 1, attempts: [ended('done')] },
    [],
  ],
  [
    'I6: a verdict that did not come in time frees the key',
    { state: 'succeeded', verdictDueMs: nowMs, attempts: [ended('done')] },
    ['freeKey'],
  ],
  [
    'leftovers go when all attempts are over',
    { state: 'failed', holdsKey: false, leftovers: true, attempts: [ended('crashed')] },
    ['clear'],
  ],
  [
    'leftovers stay while an attempt is there',
    { state: 'failed', holdsKey: false, leftovers: true, attempts: [ended('crashed', { released: false })] },
    [],
  ],
]
for (const [title, run, expected] of rows) test(title, () => assert.deepEqual(acts(run), expected))

test('a run that has ended, and all of whose attempts are over, is not looked at again', () => {
  const run = runFacts({ state: 'failed', holdsKey: false, attempts: [ended('crashed')] })
  assert.deepEqual(planOf(run, new Map(), nowMs, timings), { acts: [], lookInMs: null })
})

test('a back-off is a time to look, not a wait', () => {
  const patient = specOf({ retries: { limit: 1, backoffSeconds: 60, resumeLimit: 0 } })
  const plan = planOf(
    runFacts({ spec: patient, attempts: [ended('crashed', { endedMs: nowMs })] }),
    new Map(),
    nowMs,
    timings,
  )
  assert.deepEqual(plan.acts, [])
  assert.ok(plan.lookInMs !== null && plan.lookInMs >= 30_000 && plan.lookInMs <= 60_000)
})

test('D13: nobody waits for a node that does not answer where no runner had claimed the attempt, which may do nothing any more', () => {
  const unclaimed = ended('stopped', { released: false, claimedMs: null, dueMs: nowMs + 86_400_000 })
  const planned = (seen: Observation, changes: Partial<RunFacts> = {}, attempt = unclaimed) =>
    planOf(
      runFacts({ spec, attempts: [attempt], ...changes }),
      new Map([[attempt.name, seen]]),
      nowMs,
      timings,
    ).acts.map(shown)
  const lost: Observation = { ...alive, isNodeLost: true }
  assert.ok(planned(lost).includes('try train 2'))
  assert.ok(planned(lost, { stop: cancelled }).includes('obey cancelled'))
  assert.ok(!planned(alive).includes('try train 2'))
  assert.ok(!planned(lost, {}, { ...unclaimed, claimedMs: nowMs - 1_000 }).includes('try train 2'))
})
