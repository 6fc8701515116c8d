import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { catalogue, eventNames, topicNames, topics, typeOf } from '../../../schemas/catalogue.ts'
import { toHeaders } from '../../../schemas/cloudevents-kafka.ts'
import { foreignReader } from '../../../schemas/foreign-avro.ts'
import { asyncApiYaml } from '../../../schemas/reference/asyncapi.ts'
import { digestOfSchema, readRegistry } from '../../../schemas/registry.ts'

const Ref = z.strictObject({ $ref: z.string() })
const JsonSchema = z.looseObject({ type: z.string() })

/** The part of AsyncAPI 3.0 and of its Kafka bindings 0.5.0 that the document uses; anything else in it is a mistake. */
const Document = z.strictObject({
  asyncapi: z.literal('3.0.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  defaultContentType: z.string(),
  channels: z.record(
    z.string(),
    z.strictObject({
      address: z.string(),
      description: z.string(),
      messages: z.record(z.string(), Ref),
      bindings: z.strictObject({
        kafka: z.strictObject({
          topic: z.string(),
          topicConfiguration: z.strictObject({
            'cleanup.policy': z.array(z.enum(['delete', 'compact'])),
            'retention.ms': z.int().min(-1).optional(),
          }),
          bindingVersion: z.literal('0.5.0'),
        }),
      }),
    }),
  ),
  operations: z.record(
    z.string(),
    z.strictObject({ action: z.enum(['send', 'receive']), channel: Ref, summary: z.string() }),
  ),
  components: z.strictObject({
    messages: z.record(
      z.string().regex(/^[a-zA-Z0-9._-]+$/),
      z.strictObject({
        name: z.string(),
        title: z.string(),
        summary: z.string(),
        contentType: z.string(),
        headers: JsonSchema.extend({ required: z.array(z.string()) }).optional(),
        payload: z
          .union([
            z.strictObject({ schemaFormat: z.string(), schema: z.looseObject({ name: z.string() }) }),
            JsonSchema,
          ])
          .optional(),
        bindings: z
          .strictObject({
            kafka: z.strictObject({
              key: JsonSchema,
              schemaIdLocation: z.literal('payload'),
              schemaIdPayloadEncoding: z.literal('4'),
              bindingVersion: z.literal('0.5.0'),
            }),
          })
          .optional(),
      }),
    ),
  }),
})

const raw: unknown = parse(asyncApiYaml())
const document = Document.parse(raw)

function pointedTo(pointer: string): unknown {
  return pointer
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
      raw,
    )
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { $ref } = { $ref: undefined, ...value }
  return [...(typeof $ref === 'string' ? [$ref] : []), ...Object.values(value).flatMap(refsIn)]
}

test('every reference of the document points to something in it', () => {
  const refs = refsIn(raw)
  assert.ok(refs.length >= eventNames.length + topicNames.length)
  for (const ref of refs) assert.notEqual(pointedTo(ref), undefined, ref)
})

test('every topic is a channel with one operation, kept as the catalogue says', () => {
  assert.deepEqual(Object.keys(document.channels), topicNames)
  for (const topic of topicNames) {
    const { bindings } = document.channels[topic] ?? assert.fail(topic)
    const { cleanup, retentionDays } = topics[topic]
    assert.deepEqual(bindings.kafka.topicConfiguration['cleanup.policy'], [cleanup])
    assert.equal(
      bindings.kafka.topicConfiguration['retention.ms'],
      retentionDays === null ? undefined : retentionDays * 86_400_000,
    )
    const operations = Object.values(document.operations).filter(
      ({ channel }) => channel.$ref === `#/channels/${topic}`,
    )
    assert.equal(operations.length, 1, topic)
  }
})

test('every event is a message of its topic, with its headers and the schema that its bytes are written with', () => {
  const registered = readRegistry()
  const attributes = { id: '', source: '', type: '', subject: '', causationId: '', correlationId: '', traceparent: '' }
  const headers = Object.keys(toHeaders({ ...attributes, time: new Date(0) })).sort()
  for (const name of eventNames) {
    const message = document.components.messages[name] ?? assert.fail(name)
    assert.equal(message.name, typeOf(name))
    assert.deepEqual(document.channels[catalogue[name].topic]?.messages[name], {
      $ref: `#/components/messages/${name}`,
    })
    assert.deepEqual(message.headers?.required.toSorted(), headers)
    const newest = registered.findLast(({ type }) => type === typeOf(name))
    const { payload } = z
      .object({ payload: z.object({ schema: z.custom<Parameters<typeof digestOfSchema>[0]>() }) })
      .parse(message)
    assert.equal(digestOfSchema(payload.schema), newest?.digest)
    assert.match(foreignReader(JSON.stringify(payload.schema)).name, /^dev\.trainyard\.v1\./)
  }
})
