/**
 * Triggers, applied: what a message means for training. Pure and fail-closed: what matches a trigger and lacks a field is
 * dead, with the reason, and never guessed at.
 */
import type { Topic } from '../../schemas/catalogue.ts'
import { type CloudEvent, CloudEventError, parseJson, readStructured } from '../../schemas/cloudevents.ts'
import { readMessage } from '../../schemas/cloudevents-kafka.ts'
import { type JsonPointer, lookUp, type Trigger } from '../../schemas/configuration.ts'
import { BotId, Digest, isStorable } from '../../schemas/words.ts'
import type { RawMessage } from '../kit/bus/bus.ts'
import { type DeadSignal, type Signal, type SignalOrigin, signalIdOf } from './signal.ts'

/** Trainyard's own topic for events of the platform: every trigger listens to it, beside its own. */
export const platformTopic = 'trainyard.events' satisfies Topic

const longestUri = 2_000

/** An event, however it came, with what triggers look at. */
export type Incoming = {
  readonly topic: string
  readonly type: unknown
  /** The event as structured JSON: what the pointers of triggers point into. */
  readonly view: unknown
  readonly origin: SignalOrigin
  readonly traceparent: string | undefined
}

/** One signal, living or dead, per trigger that the event is for; none at all: not for us. */
export type Translation = { readonly signals: readonly Signal[]; readonly dead: readonly DeadSignal[] }

export type Reading =
  | { readonly kind: 'event'; readonly event: Incoming }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'notUnderstood'; readonly reason: string }

export function incomingOf(event: CloudEvent, topic: string): Incoming {
  const { extensions, data, ...attributes } = event
  // Bytes of another type than JSON have no fields to point at.
  const readable = data instanceof Uint8Array ? null : data
  return {
    topic,
    type: event.type,
    view: { ...extensions, ...attributes, data: readable },
    origin: { source: event.source, eventId: event.id },
    traceparent: extensions['traceparent'],
  }
}

/** A message of a topic: a CloudEvent in either mode, or plain JSON, which is known by its place alone. */
export function readIncoming(message: RawMessage): Reading {
  try {
    const event = readMessage(message.headers, message.value)
    if (event) return { kind: 'event', event: incomingOf(event, message.topic) }
    // A tombstone tells those who keep the topic's newest record, and nothing to us.
    if (message.value === null) return { kind: 'nothing' }
    const value = parseJson(message.value, 'message')
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { kind: 'notUnderstood', reason: 'message: expected a JSON object' }
    if ('specversion' in value)
      return { kind: 'event', event: incomingOf(readStructured(value, 'message'), message.topic) }
    return { kind: 'event', event: plain(value, message) }
  } catch (error) {
    if (error instanceof CloudEventError) return { kind: 'notUnderstood', reason: error.message }
    throw error
  }
}

function plain(value: object, message: RawMessage): Incoming {
  const origin = { source: message.topic, eventId: `${message.partition}/${message.offset}` }
  const traceparent = message.headers['traceparent']
  return { topic: message.topic, type: Reflect.get(value, 'type'), view: value, origin, traceparent }
}

/** @param traceparent the event's own, or that of a new trace */
export function translate(event: Incoming, triggers: readonly Trigger[], traceparent: string): Translation {
  const signals: Signal[] = []
  const dead: DeadSignal[] = []
  const cause = { id: event.origin.eventId, traceparent }
  for (const trigger of triggers.filter((each) => isFor(each, event))) {
    const translated = apply(trigger, event, cause)
    if ('reason' in translated) dead.push(translated)
    else signals.push(translated)
  }
  return { signals, dead }
}

export function isKnownType(type: unknown, triggers: readonly Trigger[]): boolean {
  return triggers.some(({ when }) => when.type === type)
}

export function unknownType(type: unknown, triggers: readonly Trigger[]): string {
  const known = [...new Set(triggers.map(({ when }) => when.type))].sort()
  const list = known.length === 0 ? 'trainyard.yaml has no trigger' : `triggers know ${known.join(', ')}`
  return `no trigger is for events of type ${JSON.stringify(type)?.slice(0, 200)}: ${list}`
}

export function reasonOf(dead: readonly DeadSignal[]): string {
  return dead.map(({ reason }) => reason).join('; ')
}

function isFor(trigger: Trigger, event: Incoming): boolean {
  if (event.topic !== platformTopic && event.topic !== trigger.topic) return false
  if (event.type !== trigger.when.type) return false
  return trigger.when.conditions.every(({ pointer, equals }) => lookUp(pointer, event.view) === equals)
}

function apply(trigger: Trigger, event: Incoming, cause: Signal['cause']): Signal | DeadSignal {
  const fields = fieldReader(event.view)
  const bot = fields.needed(trigger.bot, botOf, 'the id of a bot: a text of 1 to 200 characters')
  const uri = trigger.dataset && fields.needed(trigger.dataset, uriOf, `a URI of at most ${longestUri} characters`)
  const digest = trigger.digest && fields.optional(trigger.digest, digestOf, 'sha256: and 64 hexadecimal digits')
  const revision = trigger.revision && fields.optional(trigger.revision, revisionOf, 'a whole number')

  const common = { trigger: trigger.name, jobType: trigger.jobType, origin: event.origin, cause }
  if (bot === undefined || fields.problems.length > 0) {
    const reason = `trigger ${trigger.name}: ${fields.problems.join('; ')}`
    return { ...common, id: signalIdOf(event.origin, trigger.name, undefined), bot, reason }
  }
  const id = signalIdOf(event.origin, trigger.name, bot)
  const dataset = uri === undefined ? undefined : { uri, digest }
  return { ...common, id, bot, dataset, revision, person: undefined }
}

type Parse<T> = (value: unknown) => T | undefined

function fieldReader(view: unknown) {
  const problems: string[] = []

  function optional<T>(pointer: JsonPointer, parse: Parse<T>, expected: string): T | undefined {
    const value = lookUp(pointer, view)
    if (value === undefined || value === null) return undefined
    const parsed = parse(value)
    if (parsed === undefined) problems.push(`${pointer.text}: expected ${expected}`)
    return parsed
  }

  function needed<T>(pointer: JsonPointer, parse: Parse<T>, expected: string): T | undefined {
    const value = lookUp(pointer, view)
    if (value === undefined || value === null) problems.push(`${pointer.text}: is missing`)
    return optional(pointer, parse, expected)
  }

  return { problems, optional, needed }
}

function uriOf(value: unknown): string | undefined {
  const usable = typeof value === 'string' && value !== '' && value.length <= longestUri && isStorable(value)
  return usable ? value : undefined
}

function revisionOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

const botOf = (value: unknown): BotId | undefined => BotId.safeParse(value).data
const digestOf = (value: unknown): Digest | undefined => Digest.safeParse(value).data
