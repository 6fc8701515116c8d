import { topics } from '../../../../schemas/topics.ts'

/** What topics and groups are called in Kafka; everywhere above the port they have their own names. */
export interface Names {
  topic(name: string): string
  group(name: string, from: 'beginning' | 'end'): string
}

/**
 * Trainyard's own topics and groups carry the prefix, and groups say whose they are; a platform's topics are what they
 * are called there. All members of one of Kafka's groups must read the same topics, so what a group of ours begins at the
 * end is read for by another one of Kafka's.
 */
export function makeNames(prefix: string): Names {
  return {
    topic: (name) => (isOwnTopic(name) ? prefix + name : name),
    group: (name, from) => `${prefix}trainyard.${name}${from === 'end' ? '.from-end' : ''}`,
  }
}

export const isOwnTopic = (name: string): boolean => Object.hasOwn(topics, name)
