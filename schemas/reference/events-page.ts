/** The reference page of the events, written from the catalogue. */

import { type AvroSchema, isUnion } from '../avro.ts'
import { catalogue, type EventName, eventNames, topicNames, topics, typeOf } from '../catalogue.ts'
import { historyFile, type RegisteredSchema } from '../registry.ts'
import { eventHeaders } from './headers.ts'

const introduction = `# Events

<!-- Written by schemas/generate.ts from schemas/catalogue.ts. -->

Each event of Trainyard's own is a [CloudEvent](https://cloudevents.io) 1.0 in binary mode. Its attributes are headers; its value is
the data in Avro behind the Confluent frame: the byte 0, the schema id as a 32-bit big-endian number, then the Avro bytes.
The ids are in \`schemas/ids.json\`; they are only ever added to, and \`GET /schemas/ids/ID\` and \`GET /subjects\` tell them as a
schema registry does. With \`SCHEMA_REGISTRY_URL\` the schemas are registered there, each under the full name of its record,
and the ids are those that it gives. Topic names may stand behind a prefix (\`KAFKA_PREFIX\`). The same for tools:
[asyncapi.yaml](asyncapi.yaml).

${headerTable()}

A message may come twice, and order holds per key. Within one type every version of the schema reads the bytes of every
other, older or newer; a change that can't keep this promise is a new type beside the old one. Times are milliseconds
since 1970 (UTC).
`

function headerTable(): string {
  const rows = eventHeaders.map(
    ({ name, meaning, value }) => `| \`${name}\` | ${value === undefined ? meaning : `\`${value}\``} |`,
  )
  return ['| header | holds |', '|---|---|', ...rows].join('\n')
}

export function eventsPage(registered: readonly RegisteredSchema[]): string {
  const parts = eventNames.map((name) => eventSection(name, registered))
  return [introduction, topicsSection(), ...parts].join('\n')
}

function topicsSection(): string {
  const rows = topicNames.map((name) => {
    const { doc, key, retentionDays } = topics[name]
    const kept = retentionDays === null ? 'the newest of each key, for ever' : `${retentionDays} days`
    return `| \`${name}\` | ${key} | ${kept} | ${doc} |`
  })
  return ['## Topics', '', '| topic | key | kept | holds |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function eventSection(name: EventName, registered: readonly RegisteredSchema[]): string {
  const { doc, topic, record } = catalogue[name]
  const versions = registered.filter((entry) => entry.type === typeOf(name))
  const ids = versions.map((entry) => `${entry.id} ([version ${entry.version}](../../schemas/${historyFile(entry)}))`)
  return [
    `## ${name}`,
    '',
    doc,
    '',
    `Type \`${typeOf(name)}\` · topic \`${topic}\` · key ${topics[topic].key} · schema id ${ids.join(', ')}`,
    '',
    '| field | type | meaning |',
    '|---|---|---|',
    ...fieldRows(record.schema, ''),
    '',
  ].join('\n')
}

function fieldRows(schema: AvroSchema, prefix: string): string[] {
  const inner = innermost(schema)
  if (typeof inner === 'string' || isUnion(inner) || inner.type !== 'record') return []
  return inner.fields.flatMap((field) => {
    const path = `${prefix}${field.name}`
    return [
      `| \`${path}\` | ${typeWords(field.type)} | ${field.doc} |`,
      ...fieldRows(field.type, `${path}${dots(field.type)}`),
    ]
  })
}

const dots = (schema: AvroSchema): string => (isListOf(schema) ? '[].' : '.')

function isListOf(schema: AvroSchema): boolean {
  const inner = withoutNull(schema)
  return typeof inner === 'object' && !isUnion(inner) && inner.type === 'array'
}

function innermost(schema: AvroSchema): AvroSchema {
  const inner = withoutNull(schema)
  return typeof inner === 'object' && !isUnion(inner) && inner.type === 'array' ? innermost(inner.items) : inner
}

function withoutNull(schema: AvroSchema): AvroSchema {
  return isUnion(schema) ? (schema.find((branch) => branch !== 'null') ?? 'null') : schema
}

function typeWords(schema: AvroSchema): string {
  if (isUnion(schema)) return `${typeWords(withoutNull(schema))} or null`
  if (typeof schema === 'string') return schema
  if (schema.type === 'array') return `list of ${typeWords(schema.items)}`
  if (schema.type === 'long') return 'timestamp-millis'
  return schema.type === 'enum' ? schema.symbols.map((symbol) => `\`${symbol}\``).join(', ') : schema.name
}
