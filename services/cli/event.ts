/** CloudEvents as a person gives them: from flags, from a file, or a file with flags laid over it. Pure. */
import { z } from 'zod'
import { CommandFailure, exitCodes } from './failure.ts'

export const EventFile = z.union([z.record(z.string(), z.json()), z.array(z.record(z.string(), z.json())).min(1)])
export type Event = Record<string, z.infer<ReturnType<typeof z.json>>>

export interface EventFlags {
  readonly bot?: string
  readonly type?: string
  readonly source?: string
  readonly id?: string
  readonly revision?: number
  readonly dataset?: { readonly uri: string; readonly digest: string }
  /** Laid over what the other flags make of the data. */
  readonly data?: Event
}

const defaultType = 'bot.updated'
const defaultSource = '/trainyard/cli'

/** What is missing is filled in; what the file says stands, unless a flag says otherwise. */
export function eventFrom(file: Event, flags: EventFlags, fresh: { id: string; time: string }): Event {
  const { bot } = flags
  return {
    specversion: '1.0',
    type: defaultType,
    source: defaultSource,
    id: fresh.id,
    time: fresh.time,
    datacontenttype: 'application/json',
    ...file,
    ...(bot === undefined ? {} : { subject: bot }),
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.source === undefined ? {} : { source: flags.source }),
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...dataFrom(file, flags),
  }
}

function dataFrom(file: Event, { bot, dataset, revision, data }: EventFlags): Event {
  const laidOver = {
    ...(bot === undefined ? {} : { botId: bot }),
    ...(dataset === undefined ? {} : { dataset: { uri: dataset.uri, digest: dataset.digest } }),
    ...(revision === undefined ? {} : { revision }),
    ...data,
  }
  const given = file['data'] ?? (file['data_base64'] === undefined ? {} : null)
  if (isObject(given)) return { data: { ...given, ...laidOver } }
  if (Object.keys(laidOver).length === 0) return {}
  throw new CommandFailure('the data of the event is no JSON object, so no field of it can be set', {
    next: 'Leave out --bot, --dataset, --revision and --data.',
    exitCode: exitCodes.usage,
  })
}

const isObject = (value: Event[string] | undefined): value is Event =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
