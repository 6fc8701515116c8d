/** The story of a run: everything that touched it, in time order, told in sentences. Pure. */
import type { EventName } from '../../schemas/catalogue.ts'
import type { RunId } from '../../schemas/words.ts'
import { inStoryOrder } from './order.ts'
import { attemptSentence, momentOf, sentenceFromOtherSide, sentenceOf, type Told } from './sentences.ts'

export type StoredEvent = Told & { readonly id: string; readonly cause: string }

export interface StoryEntry {
  /** ISO 8601. */
  readonly time: string
  readonly what: string
  readonly type: EventName
  /** Id of the event that told it. */
  readonly event: string
  /** Id of the event that it followed from. */
  readonly cause: string
  readonly data: unknown
}

export function tellStory(run: RunId, events: readonly StoredEvent[]): StoryEntry[] {
  return [...events]
    .sort(inStoryOrder)
    .flatMap((event) => entriesOf(run, event))
    .sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0))
}

/** One entry per event, and before the end of a run one for each of its attempts, which no event tells by itself. */
function entriesOf(run: RunId, event: StoredEvent): StoryEntry[] {
  const entry = (atMs: number, what: string, data: unknown): StoryEntry => ({
    time: new Date(atMs).toISOString(),
    what,
    type: event.name,
    event: event.id,
    cause: event.cause,
    data,
  })
  const isItsOwn = event.data.run === run
  const own = entry(momentOf(event), isItsOwn ? sentenceOf(event) : sentenceFromOtherSide(event), event.data)
  if (event.name !== 'run.succeeded' && event.name !== 'run.failed') return [own]
  const attempts = event.data.attempts.map((attempt) => entry(attempt.endedAt, attemptSentence(attempt), attempt))
  return [...attempts, own]
}
