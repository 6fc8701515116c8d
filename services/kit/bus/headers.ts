/** Headers as a bus carries them, and as a column of JSON keeps them. Pure. */
import type { HeaderValue } from './bus.ts'

export type Headers = Readonly<Record<string, HeaderValue>>

type JsonBytes = { readonly base64: string }
export type JsonHeader = string | JsonBytes | readonly (string | JsonBytes)[]
export type JsonHeaders = Readonly<Record<string, JsonHeader>>

export function headersToJson(headers: Headers): JsonHeaders {
  return mapValues(headers, (value) =>
    typeof value === 'string' || value instanceof Uint8Array ? toJson(value) : value.map(toJson),
  )
}

export function headersOfJson(headers: JsonHeaders): Headers {
  return mapValues(headers, (value) =>
    typeof value === 'string' || 'base64' in value ? ofJson(value) : value.map(ofJson),
  )
}

function toJson(value: string | Uint8Array): string | JsonBytes {
  return typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
}

function ofJson(value: string | JsonBytes): string | Uint8Array {
  return typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')
}

export function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
