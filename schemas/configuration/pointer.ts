/** JSON pointers (RFC 6901), taken apart once when the configuration is read. */

import { z } from 'zod'
import { isStorable } from '../words.ts'

export type JsonPointer = { readonly text: string; readonly parts: readonly string[] }

/** Undefined when the text is no pointer to something inside a value. */
export function parsePointer(text: string): JsonPointer | undefined {
  if (!text.startsWith('/') || /~(?![01])/.test(text) || !isStorable(text)) return undefined
  const parts = text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return { text, parts }
}

/** What the pointer points to; undefined when there is nothing. Only what the value itself holds is found. */
export function lookUp(pointer: JsonPointer, value: unknown): unknown {
  let found = value
  for (const part of pointer.parts) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    // A list has a length of its own, which is none of its items.
    if (Array.isArray(found) && !/^(0|[1-9][0-9]*)$/.test(part)) return undefined
    found = Reflect.get(found, part)
  }
  return found
}

export const Pointer = z.string({ error: 'expected a JSON pointer such as /data/botId' }).transform((text, context) => {
  const pointer = parsePointer(text)
  if (pointer !== undefined) return pointer
  context.addIssue({ code: 'custom', message: 'expected a JSON pointer such as /data/botId' })
  return z.NEVER
})
