/**
 * The headers of Trainyard's own events and of the dead letters, as the documents tell of them: name, what it holds,
 * and its one value if it has one.
 */
import { avroType } from '../cloudevents-kafka.ts'

export type HeaderFacts = {
  readonly name: string
  readonly meaning: string
  readonly value?: string
  /** Not there where the message has no place on a topic, as one that was posted. */
  readonly ofPlace?: true
}

export const eventHeaders: readonly HeaderFacts[] = [
  { name: 'content-type', meaning: 'how the value is written', value: avroType },
  { name: 'ce_specversion', meaning: 'the version of CloudEvents', value: '1.0' },
  { name: 'ce_id', meaning: 'unique for ever; the same event said twice has the same id' },
  { name: 'ce_source', meaning: 'the service that said it' },
  { name: 'ce_type', meaning: '`dev.trainyard.<name>.v1`' },
  { name: 'ce_time', meaning: 'when it was said, RFC 3339' },
  { name: 'ce_subject', meaning: 'the bot' },
  { name: 'ce_causationid', meaning: 'id of what caused it' },
  { name: 'ce_correlationid', meaning: 'id of the chain that it belongs to' },
  { name: 'ce_traceparent', meaning: 'W3C trace context' },
]

export const deadLetterHeaders: readonly HeaderFacts[] = [
  { name: 'dead-letter-topic', meaning: 'the topic that it came from' },
  { name: 'dead-letter-partition', meaning: 'its partition there', ofPlace: true },
  { name: 'dead-letter-offset', meaning: 'its offset there', ofPlace: true },
  { name: 'dead-letter-group', meaning: 'the consumers that could not handle it' },
  { name: 'dead-letter-reason', meaning: 'why, in words' },
  { name: 'dead-letter-time', meaning: 'when, RFC 3339' },
  { name: 'trainyard-first-place', meaning: 'where and when it first came; a replay keeps it', ofPlace: true },
]
