/** kafkajs wraps what went wrong in what it tried about it, or in one of several. This is what went wrong. */
export interface Cause {
  readonly message: string
  /** The class, as `KafkaJSConnectionError`. */
  readonly name: string
  /** What the broker answered, as `UNKNOWN_TOPIC_OR_PARTITION`; empty where it answered nothing. */
  readonly type: string
  /** What the system says, as `ECONNREFUSED`; empty where it says nothing. */
  readonly code: string
  /** Whether kafkajs thinks that the same may succeed later. */
  readonly passes: boolean
  /** As it was thrown. */
  readonly error: unknown
}

export function causeOf(error: unknown): Cause {
  if (!(error instanceof Error)) return { message: String(error), name: '', type: '', code: '', passes: false, error }
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : error.cause
  if (inner instanceof Error) return causeOf(inner)
  const word = (name: string) => (name in error ? Object(error)[name] : undefined)
  return {
    message: error.message,
    name: error.name,
    type: textOf(word('type')),
    code: textOf(word('code')),
    // kafkajs gives up the search for a coordinator, and one is found when its broker is back.
    passes: word('retriable') === true || error.name === 'KafkaJSGroupCoordinatorNotFound',
    error,
  }
}

/** What was asked of a topic; undefined where there is no such topic. */
export async function unlessUnknownTopic<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (causeOf(error).type === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
    throw error
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
