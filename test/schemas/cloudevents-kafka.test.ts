import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CloudEventError } from '../../schemas/cloudevents.ts'
import { type EventAttributes, fromHeaders, readMessage, toHeaders } from '../../schemas/cloudevents-kafka.ts'

const attributes: EventAttributes = {
  id: 'b2f5ff47-4366-4d39-8b3e-4c3c2f0d6a11',
  source: '/trainyard/launcher',
  type: 'dev.trainyard.run.queued.v1',
  subject: 'shop "ü"',
  time: new Date('2026-01-31T12:00:00.123Z'),
  causationId: 'cause',
  correlationId: 'chain',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

describe("Trainyard's own events as Kafka headers", () => {
  test('what is written is read back equal', () => {
    assert.deepEqual(fromHeaders(toHeaders(attributes)), attributes)
  })

  test('attributes are ce_ headers beside the content type, as the Kafka binding says', () => {
    assert.deepEqual(toHeaders(attributes), {
      'content-type': 'application/avro',
      ce_specversion: '1.0',
      ce_id: attributes.id,
      ce_source: '/trainyard/launcher',
      ce_type: 'dev.trainyard.run.queued.v1',
      ce_subject: 'shop "ü"',
      ce_time: '2026-01-31T12:00:00.123Z',
      ce_causationid: 'cause',
      ce_correlationid: 'chain',
      ce_traceparent: attributes.traceparent,
    })
  })

  test('headers that others add are no harm', () => {
    assert.deepEqual(fromHeaders({ ...toHeaders(attributes), ce_partitionkey: 'x', other: 'y' }), attributes)
  })

  const wrong: [string, Parameters<typeof fromHeaders>[0], RegExp][] = [
    ['ce_id (doubled)', { ce_id: ['1', '2'] }, /header ce_id: is doubled/],
    ['ce_source (bytes)', { ce_source: Buffer.from([0xff]) }, /header ce_source: is not UTF-8/],
    ['ce_time', { ce_time: 'noon' }, /header ce_time: expected a time/],
    ['ce_id', { ce_id: '' }, /header ce_id: is empty/],
    ['ce_specversion', { ce_specversion: '0.3' }, /header ce_specversion: expected 1.0/],
    ['content-type', { 'content-type': 'application/json' }, /header content-type: expected application\/avro/],
  ]
  for (const [header, change, message] of wrong) {
    test(`a wrong ${header} is refused, naming it`, () => {
      assert.throws(() => fromHeaders({ ...toHeaders(attributes), ...change }), message)
    })
  }

  test('all headers that are missing are named at once', () => {
    assert.throws(
      () => fromHeaders({}),
      (error) =>
        error instanceof CloudEventError && /ce_id: is missing.*ce_traceparent: is missing/.test(error.message),
    )
  })
})

describe("the platform's events on Kafka", () => {
  const binary = { ce_specversion: '1.0', ce_id: '1', ce_source: '/platform', ce_type: 'bot.updated', ce_hops: '3' }
  const plain = {
    id: '1',
    source: '/platform',
    type: 'bot.updated',
    data: { botId: 'shop' },
    extensions: { hops: '3' },
  }

  test('binary and structured give the same event', () => {
    assert.deepEqual(
      readMessage({ ...binary, 'content-type': 'application/json' }, Buffer.from('{"botId":"shop"}')),
      plain,
    )
    const event = { specversion: '1.0', id: '1', source: '/platform', type: 'bot.updated', hops: 3, data: plain.data }
    const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
    assert.deepEqual(readMessage(headers, Buffer.from(JSON.stringify(event))), plain)
  })

  test('a message without a value has null data', () => {
    assert.equal(readMessage(binary, null)?.data, null)
  })

  test('a message that is no CloudEvent is none', () => {
    assert.equal(readMessage({}, Buffer.from('{"botId":"shop"}')), undefined)
    assert.equal(readMessage({ 'content-type': 'application/json' }, null), undefined)
  })

  test('headers that are none of its attributes may be anything', () => {
    const headers = { ...binary, own: ['1', '2'], bytes: Buffer.from([0xff]) }
    assert.deepEqual(readMessage(headers, Buffer.from('{"botId":"shop"}')), plain)
  })

  const wrong: [string, Parameters<typeof readMessage>[0], Buffer | null, RegExp][] = [
    ['a doubled attribute', { ...binary, ce_id: ['1', '2'] }, null, /header ce_id: is doubled/],
    [
      'an attribute that is no UTF-8',
      { ...binary, ce_hops: Buffer.from([0xff]) },
      null,
      /header ce_hops: is not UTF-8/,
    ],
    ['a doubled content type', { 'content-type': ['a', 'b'] }, null, /header content-type: is doubled/],
    ['data that is no JSON', binary, Buffer.from('botId'), /message: data: not valid JSON/],
    ['a missing type', { ...binary, ce_type: '' }, null, /message: type: is empty/],
    ['structured without a value', { 'content-type': 'application/cloudevents+json' }, null, /without a value/],
    [
      'structured that is no JSON',
      { 'content-type': 'application/cloudevents+json' },
      Buffer.from('x'),
      /not valid JSON/,
    ],
  ]
  for (const [what, headers, value, message] of wrong) {
    test(`${what} is refused, saying what is wrong`, () => {
      assert.throws(
        () => readMessage(headers, value),
        (error) => error instanceof CloudEventError && message.test(error.message),
      )
    })
  }
})
