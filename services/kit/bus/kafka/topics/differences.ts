/** What is wanted of a topic against what is there. Pure. */
import { counted } from '../../../figures.ts'
import { copiesInSync, usualReplication, type WantedSetting, type WantedTopic } from './wanted.ts'

export interface ActualTopic {
  readonly partitions: number
  /** Of the partition that has the fewest. */
  readonly replication: number
  /** What is in force, whoever set it. */
  readonly settings: ReadonlyMap<string, string>
}

/** What is not as it should be, and by what it is mended. */
export type Difference =
  | { readonly kind: 'missing'; readonly topic: WantedTopic }
  | { readonly kind: 'setting'; readonly topic: WantedTopic; readonly setting: WantedSetting; readonly actual: string }
  | { readonly kind: 'partitions'; readonly topic: WantedTopic; readonly actual: number }
  | { readonly kind: 'replication'; readonly topic: WantedTopic; readonly wanted: number; readonly actual: number }

export function differencesOf(topic: WantedTopic, actual: ActualTopic | undefined): readonly Difference[] {
  if (actual === undefined) return [{ kind: 'missing', topic }]
  const found: Difference[] = []
  if (actual.partitions < topic.partitions) found.push({ kind: 'partitions', topic, actual: actual.partitions })
  if (topic.replication !== undefined && actual.replication < topic.replication)
    found.push({ kind: 'replication', topic, wanted: topic.replication, actual: actual.replication })
  for (const setting of [...topic.settings, copiesInSync(actual.replication)]) {
    const value = actual.settings.get(setting.name) ?? ''
    if (!suffices(setting, value)) found.push({ kind: 'setting', topic, setting, actual: value })
  }
  return found
}

function suffices({ value, rule }: WantedSetting, actual: string): boolean {
  // −1 is Kafka's word for no limit.
  return rule === 'exactly' ? actual === value : actual === '-1' || Number(actual) >= Number(value)
}

function copiesText(replication: number | undefined): string[] {
  const copies = replication ?? usualReplication
  const inSync = copiesInSync(copies)
  const synced = `${inSync.name} ${neededText(inSync)}`
  if (replication !== undefined) return [counted(copies, 'copy', 'copies'), synced]
  return [`${copies} copies with ${synced}, or one with 1`]
}

const neededText = ({ rule, value }: WantedSetting): string => (rule === 'exactly' ? value : `at least ${value}`)

/** One line, for whoever has to decide. */
export function differenceText(difference: Difference): string {
  const { name, partitions } = difference.topic
  switch (difference.kind) {
    case 'missing': {
      const { replication, settings } = difference.topic
      const needed = settings.map((setting) => `${setting.name} ${neededText(setting)}`)
      return `${name} is missing, and needs ${[counted(partitions, 'partition'), ...copiesText(replication), ...needed].join(', ')}`
    }
    case 'setting': {
      const { setting, actual } = difference
      return `${name} has ${setting.name} = ${actual || '(nothing)'}, and needs ${neededText(setting)}`
    }
    case 'partitions':
      return `${name} has ${counted(difference.actual, 'partition')}, and KAFKA_TOPIC_PARTITIONS asks for ${partitions}`
    case 'replication':
      return `${name} lies on ${difference.actual} of the brokers, and KAFKA_TOPIC_REPLICATION asks for ${difference.wanted}`
  }
}
