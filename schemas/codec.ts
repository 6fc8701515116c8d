/** Events to bytes and back, for the whole catalogue. */

import { catalogue, type EventData, type EventName, eventNames, nameOf, typeOf } from './catalogue.ts'
import { CodecError, type EventCodec, eventCodec } from './event-codec.ts'
import { readRegistry } from './registry.ts'

export { CodecError, type CodecErrorCode } from './event-codec.ts'

/** An event's name with its data: switch on the name, and the data is known. */
export type NamedEvent = { [N in EventName]: { name: N; data: EventData<N> } }[EventName]

type Codecs = { readonly [N in EventName]: EventCodec<EventData<N>> }

const registry = readRegistry()

function codecOf<N extends EventName>(name: N): EventCodec<EventData<N>> {
  const type = typeOf(name)
  return eventCodec(
    type,
    catalogue[name].record,
    registry.filter((entry) => entry.type === type),
  )
}

// Object.fromEntries forgets which value belongs to which name; codecOf keeps them together.
const codecs = Object.fromEntries(eventNames.map((name) => [name, codecOf(name)])) as Codecs

/** Throws a CodecError that names the field when the data is not what the catalogue says. */
export function encode<N extends EventName>(name: N, data: EventData<N>): Buffer {
  return codecs[name].encode(data)
}

/** Throws a CodecError when the type is none of ours, or the bytes are not of that type. */
export function decode(type: string, bytes: Uint8Array): NamedEvent {
  const name = nameOf(type)
  if (name === undefined) throw new CodecError('unknownType', `unknown event type ${JSON.stringify(type)}`)
  // The name and the data come from the same entry of the catalogue, which TypeScript can't see through a union.
  return { name, data: codecs[name].decode(bytes) } as NamedEvent
}
