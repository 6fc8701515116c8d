import { hash } from 'node:crypto'
import type { BotId, Digest, JobTypeName, SignalId } from '../../schemas/words.ts'
import type { RawMessage } from '../kit/bus/bus.ts'
import type { Cause } from '../kit/bus/outbox.ts'
import { firstPlace } from '../kit/bus/place.ts'
import { storable } from '../kit/store/text.ts'

/** A fact that may call for training, understood. */
export type Signal = {
  readonly id: SignalId
  /** The trigger that made it; `person` for a person. */
  readonly trigger: string
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly origin: SignalOrigin
  readonly dataset: { readonly uri: string; readonly digest: Digest | undefined } | undefined
  readonly revision: number | undefined
  readonly person: { readonly actor: string; readonly reason: string } | undefined
  readonly cause: Pick<Cause, 'id' | 'traceparent'>
}

/** A fact that some trigger is for, and that lacks what the trigger says must be there; or a message that nobody could read. */
export type DeadSignal = {
  readonly id: SignalId
  /** Undefined, like the job type, when nobody knows what the message was for. */
  readonly trigger: string | undefined
  /** Undefined when just this is what could not be read. */
  readonly bot: BotId | undefined
  readonly jobType: JobTypeName | undefined
  readonly origin: SignalOrigin
  readonly reason: string
  readonly cause: Pick<Cause, 'id' | 'traceparent'>
}

/** What makes a fact the same fact when it comes again. */
export type SignalOrigin = { readonly source: string; readonly eventId: string }

export const personTrigger = 'person'

/**
 * The same event gives the same id, however often and by whatever way it comes. A dead signal has none of its bot in it, so
 * that the event, once it can be understood (by a mended trigger, in a replay), is a signal of its own.
 */
export function signalIdOf(origin: SignalOrigin, trigger: string | undefined, bot: BotId | undefined): SignalId {
  const facts = JSON.stringify([origin.source, origin.eventId, trigger ?? null, bot ?? null])
  return `sig-${hash('sha256', facts).slice(0, 24)}` as SignalId
}

/** How a message is known that tells no id of its own. */
export function originOf(message: RawMessage): SignalOrigin {
  return { source: message.topic, eventId: firstPlace(message) }
}

/** A message that could not be read, or taken in at any try: one signal, whatever there may be in it. */
export function deadMessage(origin: SignalOrigin, reason: string, traceparent: string): DeadSignal {
  const cause = { id: origin.eventId, traceparent }
  const unknown = { trigger: undefined, bot: undefined, jobType: undefined }
  return { id: signalIdOf(origin, undefined, undefined), ...unknown, origin, reason: storable(reason), cause }
}
