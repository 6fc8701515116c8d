/** CloudEvents as a person gives them: from flags, from a file, or a file with flags laid over it. Pure. */
import { z } from 'zod'

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
  const { bot, dataset, revision } = flags
  const given = isObject(file['data']) ? file['data'] : {}
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
    data: {
      ...given,
      ...(bot === undefined ? {} : { botId: bot }),
      ...(dataset === undefined ? {} : { dataset: { uri: dataset.uri, digest: dataset.digest } }),
      ...(revision === undefined ? {} : { revision }),
      ...flags.data,
    },
  }
}

const isObject = (value: Event[string] | undefined): value is Event =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
