/**
 * Events that are posted: read, translated, and stored in the next commit, which concurrent requests share.
 *
 * Invariant: an event is accepted only when the commit that holds its signals has succeeded.
 */
import { type CloudEvent, CloudEventError } from '../../schemas/cloudevents.ts'
import { batchType, readHttp, structuredType } from '../../schemas/cloudevents-http.ts'
import type { SignalId } from '../../schemas/words.ts'
import type { DeadLetter } from '../kit/bus/outbox.ts'
import { groupCommit } from '../kit/group-commit.ts'
import type { Kit } from '../kit/service.ts'
import { incomingOf } from './reading.ts'
import type { Receive } from './receive.ts'
import type { DeadSignal, Signal } from './signal.ts'
import { isKnownType, platformTopic, reasonOf, type Translation, translate, unknownType } from './translate.ts'

export const intakeGroup = 'intake'
const eventsPerBatch = 1_000
const commitsAtOnce = 2
const signalsPerCommit = 2_000
const signalsWaiting = 50_000

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** What became of one event of a request. */
export type EventResult = {
  /** The event's own id, where it could be read. */
  readonly event: string | null
  readonly accepted: boolean
  readonly signals: readonly { signal: SignalId; trigger: string; bot: string; jobType: string; known: boolean }[]
  readonly reason?: string
}

/** An event that was read: what it means, or why it means nothing. */
type ReadEvent =
  | { readonly kind: 'refused'; readonly event: string | null; readonly reason: string }
  | ({ readonly kind: 'translated'; readonly event: CloudEvent } & Translation)

export type EventsParts = Pick<Kit, 'configuration' | 'database' | 'outbox' | 'origin' | 'point'> & {
  readonly receive: Receive
}

export function makeEvents(parts: EventsParts): (headers: Headers, body: unknown) => Promise<EventResult[]> {
  const { configuration, database, outbox, origin, point, receive } = parts

  const commit = groupCommit(
    async (requests: readonly (readonly ReadEvent[])[]) => {
      const events = requests.flat()
      const fresh = await database.transaction(async (transaction) => {
        const stored = await receive(transaction, events.flatMap(signalsOf), events.flatMap(deadOf))
        const unburied = new Set(stored)
        await outbox.deadLetter(
          transaction,
          events.flatMap((event) => lettersOf(event, unburied)),
        )
        return stored
      })
      await point('intake.signals.durable')
      return requests.map((request) => request.map((event) => resultOf(event, fresh)))
    },
    { atOnce: commitsAtOnce, perCommit: signalsPerCommit, waiting: signalsWaiting },
  )

  return async (headers, body) => {
    const { traceparent } = headers
    // One request is one trace, for those of its events that bring none of their own.
    const trace = origin(typeof traceparent === 'string' ? traceparent : undefined).traceparent
    const events = readEvents(headers, body, (event) => understand(event, trace))
    const signals = events.flatMap(signalsOf).length + events.flatMap(deadOf).length
    return signals === 0 ? events.map((event) => resultOf(event, new Set())) : await commit(events, signals)
  }

  function understand(event: CloudEvent, trace: string): ReadEvent {
    const incoming = incomingOf(event, platformTopic)
    const own = incoming.traceparent
    const translation = translate(incoming, configuration.triggers, own === undefined ? trace : origin(own).traceparent)
    const isForUs = translation.signals.length + translation.dead.length > 0
    if (isForUs || isKnownType(event.type, configuration.triggers)) return { kind: 'translated', event, ...translation }
    return { kind: 'refused', event: event.id, reason: unknownType(event.type, configuration.triggers) }
  }
}

/** A batch is taken apart first, so that one bad event spoils none of the others. @throws CloudEventError for the whole */
function readEvents(headers: Headers, body: unknown, understand: (event: CloudEvent) => ReadEvent): ReadEvent[] {
  const contentType = String(headers['content-type'] ?? '')
  if (!contentType.toLowerCase().startsWith(batchType)) return readHttp(withMode(headers, body), body).map(understand)
  if (!Array.isArray(body)) throw new CloudEventError('batch: expected a JSON list of CloudEvents')
  if (body.length > eventsPerBatch) throw new CloudEventError(`batch: more than ${eventsPerBatch} events`)
  return body.map((item: unknown) => {
    try {
      const [event] = readHttp({ 'content-type': structuredType }, item)
      return event ? understand(event) : { kind: 'refused', event: null, reason: 'no event' }
    } catch (error) {
      if (error instanceof CloudEventError) return { kind: 'refused', event: idOf(item), reason: error.message }
      throw error
    }
  })
}

/** Plain JSON that says it is a CloudEvent is taken at its word. */
function withMode(headers: Headers, body: unknown): Headers {
  const isEvent = typeof body === 'object' && body !== null && 'specversion' in body
  const isPlain =
    headers['ce-specversion'] === undefined && /^application\/json\b/i.test(String(headers['content-type']))
  return isEvent && isPlain ? { ...headers, 'content-type': structuredType } : headers
}

function idOf(item: unknown): string | null {
  const id: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, 'id') : undefined
  return typeof id === 'string' ? id.slice(0, 200) : null
}

const signalsOf = (event: ReadEvent): readonly Signal[] => (event.kind === 'translated' ? event.signals : [])
const deadOf = (event: ReadEvent): readonly DeadSignal[] => (event.kind === 'translated' ? event.dead : [])

/**
 * An event that came before lies among the dead letters already, and so does one that stands twice in what is stored now.
 * @param unburied loses those that get their letter
 */
function lettersOf(event: ReadEvent, unburied: Set<SignalId>): DeadLetter[] {
  if (event.kind === 'refused') return []
  const dead = event.dead.filter(({ id }) => unburied.delete(id))
  if (dead.length === 0) return []
  return [
    {
      topic: platformTopic,
      group: intakeGroup,
      reason: reasonOf(event.dead),
      key: null,
      headers: { 'content-type': structuredType },
      value: Buffer.from(JSON.stringify(structured(event.event))),
    },
  ]
}

function resultOf(event: ReadEvent, fresh: ReadonlySet<SignalId>): EventResult {
  if (event.kind === 'refused') return { event: event.event, accepted: false, signals: [], reason: event.reason }
  const signals = event.signals.map(({ id, trigger, bot, jobType }) => ({
    signal: id,
    trigger,
    bot,
    jobType,
    known: !fresh.has(id),
  }))
  const result = { event: event.event.id, accepted: event.dead.length === 0, signals }
  if (event.dead.length > 0) return { ...result, reason: reasonOf(event.dead) }
  return signals.length > 0 ? result : { ...result, reason: 'no trigger is for it: its further conditions do not hold' }
}

/** The event as structured JSON: what a replay reads again. */
function structured({ extensions, data, ...attributes }: CloudEvent): object {
  const event = { specversion: '1.0', ...extensions, ...attributes }
  if (!(data instanceof Uint8Array)) return { ...event, data }
  return { datacontenttype: 'application/octet-stream', ...event, data_base64: Buffer.from(data).toString('base64') }
}
