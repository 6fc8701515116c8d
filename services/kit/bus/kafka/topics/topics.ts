/** Trainyard's own topics on a cluster: looks at them, makes and mends them, and holds a service back from wrong ones. */
import kafkajs, { type Admin } from 'kafkajs'
import type { Clock } from '../../../clock.ts'
import { broken } from '../../../errors.ts'
import { unlessUnknownTopic } from '../causes.ts'
import { type ActualTopic, type Difference, differencesOf, differenceText } from './differences.ts'
import { copiesInSync, usualReplication, type WantedTopic } from './wanted.ts'

const { ConfigResourceTypes, ConfigSource } = kafkajs

const lookAgainMs = 200
const mostLooks = 50

/** What a program does not mend, or not unless told to. */
export type LeftOver = Extract<Difference, { kind: 'partitions' | 'replication' }>

type Entry = { readonly name: string; readonly value: string }

interface ExistingTopic extends ActualTopic {
  /** What was set on the topic itself: Kafka forgets all of it that is not set again with a change. */
  readonly own: readonly Entry[]
}

export async function findDifferences(admin: Admin, wanted: readonly WantedTopic[]): Promise<readonly Difference[]> {
  const existing = await readTopics(
    admin,
    wanted.map(({ name }) => name),
  )
  return wanted.flatMap((topic) => differencesOf(topic, existing.get(topic.name)))
}

/** @throws broken with every difference in it */
export async function verifyTopics(admin: Admin, wanted: readonly WantedTopic[]): Promise<void> {
  const differences = await findDifferences(admin, wanted)
  if (differences.length === 0) return
  throw broken(`Kafka's topics are not as they must be:\n  ${differences.map(differenceText).join('\n  ')}`, {
    hint: 'Run `trainyard topics plan` to look at it, and `trainyard topics apply` to mend it.',
  })
}

/**
 * Makes what is missing and sets what is set wrongly; of the partitions, only if told to.
 * @returns what is left
 */
export async function mendTopics(
  admin: Admin,
  differences: readonly Difference[],
  { addPartitions, clock }: { readonly addPartitions: boolean; readonly clock: Clock },
): Promise<readonly LeftOver[]> {
  const missing = differences.flatMap(({ kind, topic }) => (kind === 'missing' ? [topic] : []))
  if (missing.length > 0) {
    await createTopics(admin, missing)
    await untilLed(
      admin,
      missing.map(({ name }) => name),
      clock,
    )
  }
  const unusual = missing.length === 0 ? [] : await findDifferences(admin, missing)

  const grown = differences.flatMap(({ kind, topic }) => (kind === 'partitions' ? [topic] : []))
  if (addPartitions && grown.length > 0)
    await admin.createPartitions({
      topicPartitions: grown.map(({ name, partitions }) => ({ topic: name, count: partitions })),
    })

  await changeSettings(admin, [...differences, ...unusual])
  const left = differences.filter(
    (difference): difference is LeftOver =>
      difference.kind === 'replication' || (difference.kind === 'partitions' && !addPartitions),
  )
  await untilMended(admin, differences, left.length, clock)
  return left
}

/** A broker may answer with what was there before for a moment, and a service that asks then would not start. */
async function untilMended(
  admin: Admin,
  differences: readonly Difference[],
  leftCount: number,
  clock: Clock,
): Promise<void> {
  const topics = [...new Map(differences.map(({ topic }) => [topic.name, topic])).values()]
  for (let looks = 0; looks < mostLooks && (await findDifferences(admin, topics)).length > leftCount; looks += 1)
    await clock.sleep(lookAgainMs)
}

async function createTopics(admin: Admin, wanted: readonly WantedTopic[]): Promise<void> {
  const { brokers } = await admin.describeCluster()
  await admin.createTopics({
    topics: wanted.map(({ name, partitions, replication, settings }) => {
      const copies = replication ?? Math.min(usualReplication, brokers.length)
      return {
        topic: name,
        numPartitions: partitions,
        replicationFactor: copies,
        configEntries: [...settings.filter(({ isUsual }) => !isUsual), copiesInSync(copies)].map(({ name, value }) => ({
          name,
          value,
        })),
      }
    }),
    // kafkajs takes a broker that has not yet heard of a topic for one that never will.
    waitForLeaders: false,
  })
}

/** A broker hears of a topic a little later than the one that made it, and of being its leader later still. */
async function untilLed(admin: Admin, names: readonly string[], clock: Clock): Promise<void> {
  // Only the leaders themselves can tell.
  const areLed = () =>
    Promise.all(names.map((name) => admin.fetchTopicOffsets(name))).then(
      () => true,
      () => false,
    )
  for (let looks = 0; looks < mostLooks && !(await areLed()); looks += 1) await clock.sleep(lookAgainMs)
}

async function changeSettings(admin: Admin, differences: readonly Difference[]): Promise<void> {
  const changes = new Map<string, Entry[]>()
  for (const difference of differences) {
    if (difference.kind !== 'setting') continue
    const { topic, setting } = difference
    changes.set(topic.name, [...(changes.get(topic.name) ?? []), { name: setting.name, value: setting.value }])
  }
  if (changes.size === 0) return
  const existing = await readTopics(admin, [...changes.keys()])
  await admin.alterConfigs({
    validateOnly: false,
    resources: [...changes].map(([topic, entries]) => ({
      type: ConfigResourceTypes.TOPIC,
      name: topic,
      configEntries: [
        ...(existing.get(topic)?.own ?? []).filter(({ name }) => !entries.some((entry) => entry.name === name)),
        ...entries,
      ],
    })),
  })
}

/** Those of them that are there. */
async function readTopics(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, ExistingTopic>> {
  const found = await Promise.all(names.map((name) => readTopic(admin, name)))
  return new Map(found.flatMap((topic, index) => (topic ? [[names[index] ?? '', topic]] : [])))
}

async function readTopic(admin: Admin, name: string): Promise<ExistingTopic | undefined> {
  const metadata = await unlessUnknownTopic(admin.fetchTopicMetadata({ topics: [name] }))
  const partitions = metadata?.topics[0]?.partitions
  if (partitions === undefined) return undefined
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name }],
  })
  const entries = resources[0]?.configEntries ?? []
  const own = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
  return {
    partitions: partitions.length,
    replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    settings: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
    own: own.map(({ configName, configValue }) => ({ name: configName, value: configValue })),
  }
}
