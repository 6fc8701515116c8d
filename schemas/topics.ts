/** The topics: what each holds, what keys its messages, and how long it is kept. */

type TopicFacts = {
  doc: string
  key: 'bot' | 'bot/jobType' | 'as received'
  /** `delete`: kept by time. `compact`: the newest record of each key stays for ever. */
  cleanup: 'delete' | 'compact'
  retentionDays: number | null
}

export const topics = {
  'trainyard.requests': {
    doc: 'What intake decided: requests to train, and the end of every signal.',
    key: 'bot',
    cleanup: 'delete',
    retentionDays: 30,
  },
  'trainyard.runs': { doc: 'What became of each request.', key: 'bot', cleanup: 'delete', retentionDays: 30 },
  'trainyard.evaluations': {
    doc: 'What candidate and champion answered in the same exam.',
    key: 'bot',
    cleanup: 'delete',
    retentionDays: 30,
  },
  'trainyard.promotions': { doc: 'The verdict on each model.', key: 'bot', cleanup: 'delete', retentionDays: 30 },
  'trainyard.champions': {
    doc: 'The model in force of each key. What downstream lives on.',
    key: 'bot/jobType',
    cleanup: 'compact',
    retentionDays: null,
  },
  'trainyard.dead-letters': {
    doc: 'Messages that were not understood: bytes and headers untouched, with the place and the reason added as headers.',
    key: 'as received',
    cleanup: 'delete',
    retentionDays: 30,
  },
  'trainyard.events': {
    doc: "The platform's own events, as CloudEvents: those posted to /events, and any that the platform publishes here.",
    key: 'as received',
    cleanup: 'delete',
    retentionDays: 7,
  },
} as const satisfies Record<string, TopicFacts>

export type Topic = keyof typeof topics
export const topicNames = Object.keys(topics) as Topic[]

const msPerDay = 24 * 60 * 60 * 1_000

/** Undefined: for ever. */
export function retentionMs(topic: Topic): number | undefined {
  const { retentionDays } = topics[topic]
  return retentionDays === null ? undefined : retentionDays * msPerDay
}
