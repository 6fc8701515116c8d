import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topicNames } from '../../../../schemas/topics.ts'
import {
  type ActualTopic,
  differencesOf,
  differenceText,
} from '../../../../services/kit/bus/kafka/topics/differences.ts'
import { wantedTopics } from '../../../../services/kit/bus/kafka/topics/wanted.ts'

const sizes = { prefix: 'staging.', partitions: 6, replication: 3, deadLetterBytes: 17 * 1024 * 1024 }
const wanted = wantedTopics(sizes)

const wantedOf = (name: string) => {
  const topic = wanted.find((each) => each.name === name)
  assert.ok(topic)
  return topic
}

const champions = wantedOf('staging.trainyard.champions')
const runs = wantedOf('staging.trainyard.runs')

const asWanted = (settings: Record<string, string> = {}, facts: Partial<ActualTopic> = {}): ActualTopic => ({
  partitions: 6,
  replication: 3,
  settings: new Map(
    Object.entries({
      'cleanup.policy': 'delete',
      'retention.ms': String(30 * 24 * 60 * 60 * 1000),
      'max.message.bytes': '1048588',
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      ...settings,
    }),
  ),
  ...facts,
})

const saidOf = (topic: typeof runs, actual: ActualTopic | undefined) => differencesOf(topic, actual).map(differenceText)

test('every topic of the contract is wanted, under its prefixed name', () => {
  assert.deepEqual(
    wanted.map(({ name }) => name),
    topicNames.map((topic) => `staging.${topic}`),
  )
})

test('a topic that is as it should be, or has more than it needs, has no difference', () => {
  assert.deepEqual(saidOf(runs, asWanted()), [])
  const more = { 'retention.ms': '-1', 'max.message.bytes': '9999999', 'min.insync.replicas': '3' }
  assert.deepEqual(saidOf(runs, asWanted(more, { partitions: 12, replication: 5 })), [])
})

test('champions are compacted, and no other topic is', () => {
  assert.deepEqual(saidOf(champions, asWanted()), [
    'staging.trainyard.champions has cleanup.policy = delete, and needs compact',
  ])
  assert.deepEqual(saidOf(champions, asWanted({ 'cleanup.policy': 'compact', 'retention.ms': '1' })), [])
  assert.deepEqual(saidOf(runs, asWanted({ 'cleanup.policy': 'compact,delete' })), [
    'staging.trainyard.runs has cleanup.policy = compact,delete, and needs delete',
  ])
})

test('what would lose or refuse messages is a difference', () => {
  assert.deepEqual(saidOf(runs, undefined), [
    'staging.trainyard.runs is missing, and needs 6 partitions, 3 copies, min.insync.replicas at least 2, cleanup.policy delete, retention.ms at least 2592000000, max.message.bytes at least 1048588, unclean.leader.election.enable false',
  ])
  assert.match(
    saidOf({ ...runs, replication: undefined }, undefined).join(),
    /needs 6 partitions, 3 copies with min\.insync\.replicas at least 2, or one with 1, cleanup/,
  )
  assert.match(saidOf({ ...runs, replication: 1 }, undefined).join(), /1 copy, min\.insync\.replicas at least 1, /)
  assert.match(saidOf(runs, asWanted({ 'retention.ms': '3600000' })).join(), /retention\.ms = 3600000, and needs at le/)
  assert.match(saidOf(runs, asWanted({ 'min.insync.replicas': '1' })).join(), /min\.insync\.replicas = 1, and needs/)
  assert.match(saidOf(runs, asWanted({ 'unclean.leader.election.enable': 'true' })).join(), /unclean.*needs false/)
  assert.match(
    saidOf(wantedOf('staging.trainyard.dead-letters'), asWanted()).join(),
    /max\.message\.bytes = 1048588, and needs at least 17825792/,
  )
})

test('a cluster that takes no message so large has smaller dead letters', () => {
  const smaller = wantedTopics({ ...sizes, deadLetterBytes: 8_388_608 }).find(({ name }) => name.endsWith('letters'))
  assert.ok(smaller)
  assert.deepEqual(saidOf(smaller, asWanted({ 'max.message.bytes': '8388608' })), [])
})

test('a topic may be smaller than wanted only where nothing was asked for', () => {
  const small = { 'min.insync.replicas': '1' }
  assert.deepEqual(saidOf(runs, asWanted(small, { partitions: 3, replication: 1 })), [
    'staging.trainyard.runs has 3 partitions, and KAFKA_TOPIC_PARTITIONS asks for 6',
    'staging.trainyard.runs lies on 1 of the brokers, and KAFKA_TOPIC_REPLICATION asks for 3',
  ])
  const anyReplication = { ...runs, replication: undefined }
  assert.deepEqual(saidOf(anyReplication, asWanted(small, { replication: 1 })), [])
})
