/** The AsyncAPI 3 document: every topic and every event as tools read them, written from the catalogue. */

import { stringify } from 'yaml'
import type { AvroSchema } from '../avro.ts'
import { catalogue, type EventName, eventNames, type Topic, topicNames, topics, typeOf } from '../catalogue.ts'
import { structuredType } from '../cloudevents-http.ts'
import { avroType } from '../cloudevents-kafka.ts'
import { publishedSchema } from '../registry.ts'
import { retentionMs } from '../topics.ts'
import { deadLetterHeaders, eventHeaders, type HeaderFacts } from './headers.ts'

const bindingVersion = '0.5.0'

const introduction = `Trainyard retrains the model of a bot whenever the bot changes. It sends what it decides and does as CloudEvents 1.0 in
binary mode, and receives the events of the platform. Topic names may stand behind a prefix (KAFKA_PREFIX). A message may
come twice, with the same id; order holds per key, and keys are partitioned as Java's client does it (murmur2). Within one
type every version of a schema reads the bytes of every other. Schema ids are those of schemas/ids.json, which the console
serves as a schema registry, or of the registry that SCHEMA_REGISTRY_URL names.
`

const comment = ' Written by schemas/generate.ts from schemas/catalogue.ts.\n'

export function asyncApiYaml(): string {
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'Trainyard', version: '1', description: introduction.replaceAll('\n', ' ').trim() },
    defaultContentType: avroType,
    channels: byName(topicNames, channel),
    operations: Object.fromEntries(topicNames.map((topic) => [operationName(topic), operation(topic)])),
    components: {
      messages: {
        ...byName(eventNames, eventMessage),
        [deadLetter]: deadLetterMessage,
        [platformEvent]: platformEventMessage,
      },
    },
  }
  return `#${comment}${stringify(document, { lineWidth: 120, aliasDuplicateObjects: false })}`
}

const deadLetter = 'dead-letter'
const platformEvent = 'platform-event'

function channel(topic: Topic): object {
  const { doc, cleanup } = topics[topic]
  const keptMs = retentionMs(topic)
  return {
    address: topic,
    description: doc,
    messages: byName(messagesOf(topic), (name) => ({ $ref: `#/components/messages/${name}` })),
    bindings: {
      kafka: {
        topic,
        topicConfiguration: {
          'cleanup.policy': [cleanup],
          ...(keptMs === undefined ? {} : { 'retention.ms': keptMs }),
        },
        bindingVersion,
      },
    },
  }
}

function messagesOf(topic: Topic): readonly string[] {
  if (topic === 'trainyard.dead-letters') return [deadLetter]
  if (topic === 'trainyard.events') return [platformEvent]
  return eventNames.filter((name) => catalogue[name].topic === topic)
}

function operation(topic: Topic): object {
  const channelRef = { $ref: `#/channels/${topic}` }
  return { action: topic === 'trainyard.events' ? 'receive' : 'send', channel: channelRef, summary: topics[topic].doc }
}

/** `trainyard.dead-letters` is `deadLetters`. */
function operationName(topic: Topic): string {
  return topic.replace(/^trainyard\./, '').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function eventMessage(name: EventName): object {
  const { doc, topic, record } = catalogue[name]
  const type = typeOf(name)
  return {
    name: type,
    title: name,
    summary: doc,
    contentType: avroType,
    headers: headersSchema(
      eventHeaders.map((header) => (header.name === 'ce_type' ? { ...header, value: type } : header)),
    ),
    payload: avroPayload(publishedSchema(record)),
    bindings: {
      kafka: {
        key: { type: 'string', description: topics[topic].key },
        schemaIdLocation: 'payload',
        schemaIdPayloadEncoding: '4',
        bindingVersion,
      },
    },
  }
}

const deadLetterMessage = {
  name: deadLetter,
  title: 'Dead letter',
  summary:
    'A message that was not understood: its key, its bytes and its headers as they were, with its place and the reason as further headers.',
  contentType: 'application/octet-stream',
  headers: headersSchema(deadLetterHeaders),
}

const platformEventMessage = {
  name: platformEvent,
  title: "An event of the platform's own",
  summary: 'A CloudEvent in structured mode; binary mode is read as well. Triggers say which types mean something.',
  contentType: structuredType,
  payload: {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type'],
    properties: {
      specversion: { type: 'string', const: '1.0' },
      id: { type: 'string', description: 'The same source and id are the same event, however often it comes.' },
      source: { type: 'string' },
      type: { type: 'string' },
      data: { description: 'What the pointers of triggers point into.' },
    },
  },
}

function headersSchema(headers: readonly HeaderFacts[]): object {
  return {
    type: 'object',
    required: headers.filter(({ ofPlace }) => !ofPlace).map(({ name }) => name),
    properties: Object.fromEntries(
      headers.map(({ name, meaning, value }) => [
        name,
        { type: 'string', description: meaning, ...(value === undefined ? {} : { const: value }) },
      ]),
    ),
  }
}

function avroPayload(schema: AvroSchema): object {
  return { schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema }
}

function byName<N extends string>(names: readonly N[], make: (name: N) => object): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, make(name)]))
}
