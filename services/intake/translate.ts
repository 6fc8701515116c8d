/**
 * Triggers, applied: what a message means for training. Pure and fail-closed: what matches a trigger and lacks a field is
 * dead, with the reason, and never guessed at.
 */
import type { Topic } from '../../schemas/catalogue.ts'
import { type JsonPointer, lookUp, type Trigger } from '../../schemas/configuration.ts'
import { type BotId, Digest, isStorable, NamableBotId } from '../../schemas/words.ts'
import type { Incoming } from './reading.ts'
import { type DeadSignal, type Signal, signalIdOf } from './signal.ts'

/** Trainyard's own topic for events of the platform: every trigger listens to it, beside its own. */
export const platformTopic = 'trainyard.events' satisfies Topic

const longestUri = 2_000

/** One signal, living or dead, per trigger that the event is for; none at all: not for us. */
export type Translation = { readonly signals: readonly Signal[]; readonly dead: readonly DeadSignal[] }

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
  return `no trigger is for events of type ${shown(type)}: ${list}`
}

export function reasonOf(dead: readonly DeadSignal[]): string {
  return dead.map(({ reason }) => reason).join('; ')
}

const isFor = (trigger: Trigger, event: Incoming): boolean => whyNot(trigger, event) === undefined

/** Why an event is not for a trigger; undefined when it is. */
export function whyNot({ topic, when }: Trigger, event: Incoming): string | undefined {
  if (event.topic !== platformTopic && event.topic !== topic) return `it listens to ${topic}, not to ${event.topic}`
  if (event.type !== when.type) return `its type is ${shown(event.type)}, not ${shown(when.type)}`
  const unmet = when.conditions.find(({ pointer, equals }) => lookUp(pointer, event.view) !== equals)
  if (unmet === undefined) return undefined
  return `${unmet.pointer.text} is ${shown(lookUp(unmet.pointer, event.view))}, not ${shown(unmet.equals)}`
}

/** A list or a mapping may be deeper than anything that would write it down. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'a mapping' : JSON.stringify(value).slice(0, 200)
}

function apply(trigger: Trigger, event: Incoming, cause: Signal['cause']): Signal | DeadSignal {
  const fields = fieldReader(event.view)
  const bot = fields.needed(trigger.bot, botOf, 'the id of a bot: a text of 1 to 200 characters, neither . nor ..')
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

const botOf = (value: unknown): BotId | undefined => NamableBotId.safeParse(value).data
const digestOf = (value: unknown): Digest | undefined => Digest.safeParse(value).data
