/** What a watch tells, line by line. */
import { z } from 'zod'
import { KubernetesError, ofRefusal } from './failures.ts'

export type WatchEvent =
  | { kind: 'there' | 'deleted'; object: unknown }
  /** Nothing of ours, but the history has come as far as this. */
  | { kind: 'bookmark'; version: string }

const Line = z.object({ type: z.string(), object: z.unknown() })
const Bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) })
const Told = z.object({ code: z.number().optional() })

/** @throws KubernetesError for what the server reports instead of an event, above all `gone`; Error for what is no event */
export async function* watchEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  for await (const line of linesOf(chunks)) {
    const { type, object } = understood(Line, parse(line))
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        yield { kind: 'there', object }
        break
      case 'DELETED':
        yield { kind: 'deleted', object }
        break
      case 'BOOKMARK':
        yield { kind: 'bookmark', version: understood(Bookmark, object).metadata.resourceVersion }
        break
      case 'ERROR': {
        const status = Told.safeParse(object).data?.code ?? 500
        throw new KubernetesError(
          ofRefusal({ status, retryAfter: undefined, body: JSON.stringify(object) }, { changes: false }),
        )
      }
    }
  }
}

// None of the cluster's failures: to go on from before it would only bring it again.
const nonsense = (cause: unknown): Error => new Error('a watch told something that makes no sense', { cause })

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw nonsense(error)
  }
}

function understood<T>(schema: z.ZodType<T>, told: unknown): T {
  const { data, error } = schema.safeParse(told)
  if (error) throw nonsense(error)
  return data
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let begun = ''
  for await (const chunk of chunks) {
    const parts = (begun + decoder.decode(chunk, { stream: true })).split('\n')
    begun = parts.pop() ?? ''
    for (const part of parts) if (part.trim() !== '') yield part
  }
  // A line that was cut off is not taken: what it would have told comes again.
}

/**
 * Passes on what comes, and calls `silent` when nothing has come for so long: a connection can die without a word.
 */
export async function* unlessSilent(
  chunks: AsyncIterable<Uint8Array>,
  limitMs: number,
  silent: () => void,
): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(silent, limitMs)
  try {
    for await (const chunk of chunks) {
      timer.refresh()
      yield chunk
    }
  } finally {
    clearTimeout(timer)
  }
}
