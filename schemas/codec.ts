/** Events to bytes and back, for the whole catalogue. */

import { catalogue, type EventData, type EventName, eventNames, nameOf, typeOf } from './catalogue.ts'
import { CodecError, type EventCodec, eventCodec } from './event-codec.ts'
import { type RegisteredSchema, readRegistry } from './registry.ts'

export { CodecError, type CodecErrorCode } from './event-codec.ts'

/** An event's name with its data: switch on the name, and the data is known. */
export type NamedEvent = { [N in EventName]: { name: N; data: EventData<N> } }[EventName]

export interface Codec {
  /** Throws a CodecError that names the field when the data is not what the catalogue says. */
  encode<N extends EventName>(name: N, data: EventData<N>): Buffer
  /** Throws a CodecError when the type is none of ours, or the bytes are not of that type. */
  decode(type: string, bytes: Uint8Array): NamedEvent
}

type Codecs = { readonly [N in EventName]: EventCodec<EventData<N>> }

/** Bytes carry the first id that `registered` has for a schema; bytes with any id that it has for their type are read. */
export function makeCodec(registered: readonly RegisteredSchema[]): Codec {
  function codecOf<N extends EventName>(name: N): EventCodec<EventData<N>> {
    const type = typeOf(name)
    return eventCodec(
      type,
      catalogue[name].record,
      registered.filter((entry) => entry.type === type),
    )
  }

  // Object.fromEntries forgets which value belongs to which name; codecOf keeps them together.
  const codecs = Object.fromEntries(eventNames.map((name) => [name, codecOf(name)])) as Codecs

  return {
    encode: (name, data) => codecs[name].encode(data),
    decode(type, bytes) {
      const name = nameOf(type)
      if (name === undefined) throw new CodecError('unknownType', `unknown event type ${JSON.stringify(type)}`)
      // The name and the data come from the same entry of the catalogue, which TypeScript can't see through a union.
      return { name, data: codecs[name].decode(bytes) } as NamedEvent
    },
  }
}

/** With the ids of the committed file: what holds where no schema registry gives others. */
export const committedCodec = makeCodec(readRegistry())
