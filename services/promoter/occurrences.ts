/** The promoter's news, from what it keeps. Pure. */
import type { EventData } from '../../schemas/catalogue.ts'
import type { Cause, Occurrence } from '../kit/bus/outbox.ts'
import type { Champion, KeyState } from './store/keys.ts'
import type { DecidedBy, ModelRecord } from './store/models.ts'

/** Who decided, when, and why in sentences. */
export type Decided<By extends DecidedBy = DecidedBy> = {
  readonly decidedBy: By
  readonly actor: string | null
  readonly reasons: readonly string[]
  readonly decidedAt: Date
}

export function promoted(
  model: ModelRecord,
  sequence: number,
  decided: Decided<'policy' | 'person'>,
  cause: Cause,
): Occurrence {
  return { name: 'model.promoted', data: { ...judged(model, decided), sequence, model: model.model }, cause }
}

export function held(model: ModelRecord, decided: Decided, cause: Cause): Occurrence {
  return { name: 'model.held', data: judged(model, decided), cause }
}

export function rejected(model: ModelRecord, decided: Decided, cause: Cause): Occurrence {
  return { name: 'model.rejected', data: judged(model, decided), cause }
}

export function overtaken(model: ModelRecord, by: ModelRecord['run'], decidedAt: Date, cause: Cause): Occurrence {
  const { run, bot, jobType, generation, evaluation } = model
  const data = { run, bot, jobType, generation, evaluation, by, decidedAt: decidedAt.getTime() }
  return { name: 'model.overtaken', data, cause }
}

/** Says which model is in force from now on; `key` is as it was before. */
export function ready(key: KeyState, champion: Champion, cause: Cause): Occurrence {
  const { sequence, generation, run, model, evaluation, decidedBy, actor, reason, decidedAt } = champion
  const replaced = key.champion
  const data: EventData<'model.ready'> = {
    bot: key.bot,
    jobType: key.jobType,
    sequence,
    generation,
    run,
    model,
    evaluation,
    decidedBy,
    actor,
    reason,
    replaces: replaced && { run: replaced.run, sequence: replaced.sequence, model: replaced.model },
    decidedAt: decidedAt.getTime(),
  }
  return { name: 'model.ready', data, cause }
}

function judged<By extends DecidedBy>(model: ModelRecord, { decidedBy, actor, reasons, decidedAt }: Decided<By>) {
  const { run, bot, jobType, generation, evaluation } = model
  return {
    run,
    bot,
    jobType,
    generation,
    evaluation,
    decidedBy,
    actor,
    reasons: [...reasons],
    decidedAt: decidedAt.getTime(),
  }
}
