import type { Configuration } from '../../schemas/configuration.ts'
import type { BotId, JobTypeName, RunId, SignalEnd, SignalId } from '../../schemas/words.ts'
import { badInput } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { Receive } from './receive.ts'
import { personTrigger, type Signal, signalIdOf } from './signal.ts'

/** A person's wish to have a bot trained. */
export type TrainOrder = {
  readonly bot: BotId
  readonly jobType?: JobTypeName | undefined
  readonly dataset?: string | undefined
  readonly actor: string
  readonly reason: string
}

export type TrainParts = Pick<Kit, 'configuration' | 'database' | 'origin' | 'random' | 'point'> & {
  readonly receive: Receive
}

export type Train = (order: TrainOrder, traceparent: string | undefined) => Promise<{ signal: SignalId; run: RunId }>

/**
 * @throws badInput when there is no such job type, and when the wish could not be granted: then it is in the ledger all the
 * same, as a rejected signal
 */
export function makeTrain({ configuration, database, origin, random, point, receive }: TrainParts): Train {
  return async (order, traceparent) => {
    const signal = signalOf(order, jobTypeFor(order.jobType, configuration), random.uuid(), origin(traceparent))
    const standing = await database.transaction(async (transaction) => {
      await receive(transaction, [signal], [])
      const [row] = await transaction.query<Standing>(
        'select request, ended, run, reason from intake.signals where id = $1',
        [signal.id],
      )
      return row
    })
    await point('intake.signals.durable')
    if (standing?.ended === 'rejected') {
      throw badInput(`${order.bot} is not trained: ${standing.reason}`, { details: { signal: signal.id } })
    }
    const run = standing?.run ?? standing?.request
    if (!run) throw new Error(`the signal ${signal.id} was stored and stands nowhere`)
    return { signal: signal.id, run }
  }
}

type Standing = { request: RunId | null; ended: SignalEnd | null; run: RunId | null; reason: string | null }

function signalOf(order: TrainOrder, jobType: JobTypeName, id: string, cause: Signal['cause']): Signal {
  const { bot, dataset, actor, reason } = order
  const source = { source: `/trainyard/${personTrigger}`, eventId: id }
  return {
    id: signalIdOf(source, personTrigger, bot),
    trigger: personTrigger,
    bot,
    jobType,
    origin: source,
    dataset: dataset === undefined ? undefined : { uri: dataset, digest: undefined },
    revision: undefined,
    person: { actor, reason },
    cause,
  }
}

function jobTypeFor(asked: JobTypeName | undefined, configuration: Configuration): JobTypeName {
  const names = Object.keys(configuration.jobTypes) as JobTypeName[]
  const [only, ...others] = names
  if (asked === undefined && only !== undefined && others.length === 0) return only
  if (asked !== undefined && names.includes(asked)) return asked
  const hint = `Name one of ${names.join(', ')}.`
  throw badInput(asked === undefined ? 'there are several job types' : `there is no job type ${asked}`, { hint })
}
