/** What Trainyard's own topics are on a Kafka: the contract's facts as Kafka's settings. Pure. */
import { retentionMs, type Topic, topicNames, topics } from '../../../../../schemas/topics.ts'

export interface WantedTopic {
  /** As it is called on the cluster. */
  readonly name: string
  readonly partitions: number
  /** Undefined: any, where the topic is there already. */
  readonly replication: number | undefined
  readonly settings: readonly WantedSetting[]
}

export interface WantedSetting {
  readonly name: string
  readonly value: string
  /** `atLeast`: more does no harm. */
  readonly rule: 'exactly' | 'atLeast'
  /** A cluster has it so by itself, unless somebody changed it there: some let nobody say it. */
  readonly isUsual?: boolean
}

export interface TopicSizes {
  readonly prefix: string
  readonly partitions: number
  readonly replication: number | undefined
  readonly deadLetterBytes: number
}

/** Kafka's own default, said aloud: a cluster may have another one. */
export const messageBytes = 1024 * 1024 + 12
/** A dead letter is what somebody else sent, over HTTP too, and a little more. */
export const usualDeadLetterBytes = 17 * 1024 * 1024

export function wantedTopics({ prefix, partitions, replication, deadLetterBytes }: TopicSizes): readonly WantedTopic[] {
  return topicNames.map((topic) => ({
    name: prefix + topic,
    partitions,
    replication,
    settings: settingsOf(topic, topic === 'trainyard.dead-letters' ? deadLetterBytes : messageBytes),
  }))
}

function settingsOf(topic: Topic, largestBytes: number): readonly WantedSetting[] {
  const keptMs = retentionMs(topic)
  return [
    exactly('cleanup.policy', topics[topic].cleanup),
    ...(keptMs === undefined ? [] : [atLeast('retention.ms', keptMs)]),
    atLeast('max.message.bytes', largestBytes),
    // A replica that lags must not become the leader: what was acknowledged would be gone.
    { ...exactly('unclean.leader.election.enable', 'false'), isUsual: true },
  ]
}

/** As many copies as lose nothing when a broker is lost, and go on meanwhile. */
export const usualReplication = 3

/** With several copies, a message counts as sent only when two have it: of three brokers one may be away. */
export function copiesInSync(replication: number): WantedSetting {
  return atLeast('min.insync.replicas', Math.min(2, replication))
}

const exactly = (name: string, value: string): WantedSetting => ({ name, value, rule: 'exactly' })
const atLeast = (name: string, value: number): WantedSetting => ({ name, value: String(value), rule: 'atLeast' })
