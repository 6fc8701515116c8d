/** Facts of runs and attempts for tables of the pure steps. */

import { AttemptName, digestOf, RunId } from '../../schemas/words.ts'
import type { AttemptFacts, RunFacts } from '../../services/launcher/facts.ts'
import { defaultTimings } from '../../services/launcher/timings.ts'
import { bot, jobType, specOf } from './launcher-kit.ts'

export const nowMs = 1_000_000_000
export const timings = defaultTimings
export const run = RunId.parse('run-aaaaaaaaaa')

/** A claimed attempt in good health: it began a minute ago and has most of an hour left. */
export function attemptFacts(changes: Partial<AttemptFacts> = {}): AttemptFacts {
  const number = changes.number ?? 1
  const infix = changes.kind === 'predict' ? 'champion-' : ''
  return {
    name: AttemptName.parse(`${run}-${infix}${number}`),
    kind: 'train',
    number,
    state: 'claimed',
    standing: null,
    placed: true,
    stop: null,
    released: false,
    outcome: null,
    reason: null,
    exitCode: null,
    createdMs: nowMs - 60_000,
    claimedMs: nowMs - 60_000,
    dueMs: nowMs + 3_540_000,
    endedMs: null,
    model: null,
    answers: null,
    ...changes,
  }
}

export const created: Partial<AttemptFacts> = { state: 'created', placed: false, claimedMs: null }

/** An attempt that is over: its end is on record and confirmed. */
export function ended(
  outcome: NonNullable<AttemptFacts['outcome']>,
  changes: Partial<AttemptFacts> = {},
): AttemptFacts {
  const result = outcome === 'done' ? { model: digestOf('model'), answers: digestOf('answers') } : {}
  return attemptFacts({
    state: 'ended',
    outcome,
    reason: `it ${outcome}`,
    endedMs: nowMs - 1_000,
    released: true,
    ...result,
    ...changes,
  })
}

export function runFacts(changes: Partial<RunFacts> = {}): RunFacts {
  return {
    run,
    bot,
    jobType,
    generation: 1,
    state: 'running',
    spec: specOf(),
    dataset: {
      digest: digestOf('dataset'),
      uri: 'dataset:1',
      train: digestOf('train'),
      examTexts: digestOf('texts'),
      examLabels: digestOf('labels'),
      trainRows: 2,
      examRows: 2,
      intents: 2,
      splitVersion: 1,
    },
    cause: { id: 'cause', correlationId: 'cause', traceparent: '00-0-0-01' },
    stop: null,
    holdsKey: true,
    verdictDueMs: null,
    startedMs: nowMs - 60_000,
    examinee: null,
    attempts: [attemptFacts()],
    leftovers: false,
    ...changes,
  }
}

export const examinee: NonNullable<RunFacts['examinee']> = {
  run: RunId.parse('run-cccccccccc'),
  sequence: 3,
  model: { url: 'http://127.0.0.1/models/1', digest: digestOf('champion') },
  spec: specOf(),
  train: digestOf('older train'),
  answers: null,
}
