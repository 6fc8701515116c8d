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
}

export interface TopicSizes {
  readonly prefix: string
  readonly partitions: number
  readonly replication: number | undefined
}

/** Kafka's own default, said aloud: a cluster may have another one. */
const messageBytes = 1024 * 1024 + 12
/** A dead letter is what somebody else sent, over HTTP too, and a little more. */
const deadLetterBytes = 17 * 1024 * 1024

export function wantedTopics({ prefix, partitions, replication }: TopicSizes): readonly WantedTopic[] {
  return topicNames.map((topic) => ({ name: prefix + topic, partitions, replication, settings: settingsOf(topic) }))
}

function settingsOf(topic: Topic): readonly WantedSetting[] {
  const keptMs = retentionMs(topic)
  return [
    exactly('cleanup.policy', topics[topic].cleanup),
    ...(keptMs === undefined ? [] : [atLeast('retention.ms', keptMs)]),
    atLeast('max.message.bytes', topic === 'trainyard.dead-letters' ? deadLetterBytes : messageBytes),
    // A replica that lags must not become the leader: what was acknowledged would be gone.
    exactly('unclean.leader.election.enable', 'false'),
  ]
}

/** With several copies, a message counts as sent only when two have it: of three brokers one may be away. */
export function copiesInSync(replication: number): WantedSetting {
  return atLeast('min.insync.replicas', Math.min(2, replication))
}

const exactly = (name: string, value: string): WantedSetting => ({ name, value, rule: 'exactly' })
const atLeast = (name: string, value: number): WantedSetting => ({ name, value: String(value), rule: 'atLeast' })
