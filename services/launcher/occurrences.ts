/** What the launcher says, made from its rows. Pure. */

import type { EventData } from '../../schemas/catalogue.ts'
import type { AttemptOutcome, BotId, Digest, JobTypeName, RunId } from '../../schemas/words.ts'
import { canonicalJson } from '../../schemas/words.ts'
import type { Cause, Occurrence } from '../kit/bus/outbox.ts'
import type { AttemptFacts, RunFacts, RunStop } from './facts.ts'
import type { ChampionAnswers, Result } from './run-step.ts'

/** Of whom it is said, and what caused it: the request. */
export interface Subject {
  readonly run: RunId
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly generation: number
  readonly cause: Cause
}

const line = ({ run, bot, jobType, generation }: Subject) => ({ run, bot, jobType, generation })

export function queued(subject: Subject, priority: number, queuedAt: number): Occurrence {
  return { name: 'run.queued', cause: subject.cause, data: { ...line(subject), priority, queuedAt } }
}

export function started(subject: Subject, startedAt: number): Occurrence {
  return { name: 'run.started', cause: subject.cause, data: { ...line(subject), attempt: 1, startedAt } }
}

export function stopped(subject: Subject, stop: RunStop, wasRunning: boolean, endedAt: number): Occurrence {
  const end = { ...line(subject), wasRunning, endedAt }
  return stop.kind === 'superseded'
    ? { name: 'run.superseded', cause: subject.cause, data: { ...end, by: stop.by } }
    : { name: 'run.cancelled', cause: subject.cause, data: { ...end, actor: stop.actor, reason: stop.reason } }
}

export function failed(run: RunFacts, outcome: AttemptOutcome, reason: string, endedAt: number): Occurrence {
  return {
    name: 'run.failed',
    cause: run.cause,
    data: {
      ...line(run),
      outcome,
      reason,
      attempts: attemptsOf(run),
      startedAt: run.startedMs,
      endedAt,
    },
  }
}

export function succeeded(
  run: RunFacts,
  result: Result,
  urlOf: (model: Digest) => string,
  endedAt: number,
): Occurrence {
  return {
    name: 'run.succeeded',
    cause: run.cause,
    data: {
      ...line(run),
      dataset: run.dataset,
      model: { url: urlOf(result.model), digest: result.model },
      answers: result.answers,
      champion: championOf(run, result.champion),
      promotionPolicy: canonicalJson(run.spec.promotion),
      attempts: attemptsOf(run),
      startedAt: run.startedMs ?? endedAt,
      endedAt,
    },
  }
}

function championOf(run: RunFacts, exam: ChampionAnswers | null): EventData<'run.succeeded'>['champion'] {
  if (!run.examinee || !exam) return null
  const { run: by, sequence, model, train } = run.examinee
  return { run: by, sequence, model, train, ...exam }
}

function attemptsOf(run: RunFacts): EventData<'run.succeeded'>['attempts'] {
  return run.attempts.flatMap((attempt) => (attempt.kind === 'train' ? endedAttempt(attempt) : []))
}

function endedAttempt(attempt: AttemptFacts): EventData<'run.succeeded'>['attempts'] {
  if (attempt.outcome === null || attempt.endedMs === null) return []
  return [
    {
      number: attempt.number,
      outcome: attempt.outcome,
      reason: attempt.reason ?? attempt.outcome,
      exitCode: attempt.exitCode,
      startedAt: attempt.claimedMs,
      endedAt: attempt.endedMs,
    },
  ]
}
