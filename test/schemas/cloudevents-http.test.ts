import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CloudEventError } from '../../schemas/cloudevents.ts'
import { batchType, readHttp, structuredType } from '../../schemas/cloudevents-http.ts'

const attributes = { specversion: '1.0', id: '1', source: '/platform', type: 'bot.updated' }
const structured = { 'content-type': `${structuredType}; charset=utf-8` }
const batch = { 'content-type': batchType }
const binary = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/platform', 'ce-type': 'bot.updated' }
const json = { 'content-type': 'application/json' }
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const plain = { id: '1', source: '/platform', type: 'bot.updated', data: { botId: 'shop' }, extensions: {} }

describe('CloudEvents over HTTP', () => {
  test('the same event in every mode is the same', () => {
    const event = { ...attributes, data: { botId: 'shop' } }
    assert.deepEqual(readHttp(structured, event), [plain])
    assert.deepEqual(readHttp(structured, bytes(event)), [plain])
    assert.deepEqual(readHttp(batch, [event]), [plain])
    assert.deepEqual(readHttp({ ...binary, ...json }, { botId: 'shop' }), [plain])
    assert.deepEqual(readHttp({ ...binary, ...json }, bytes({ botId: 'shop' })), [plain])
    assert.deepEqual(readHttp(binary, bytes({ botId: 'shop' })), [plain])
  })

  test('subject, time and extensions are kept; extensions as texts', () => {
    const more = {
      subject: 'shop',
      time: '2026-01-31T12:00:00.5+01:00',
      traceparent: '00-a-b-01',
      hops: 3,
      retried: false,
    }
    const [event] = readHttp(structured, { ...attributes, ...more })
    assert.equal(event?.subject, 'shop')
    assert.equal(event?.time, '2026-01-31T12:00:00.5+01:00')
    assert.deepEqual(event?.extensions, { traceparent: '00-a-b-01', hops: '3', retried: 'false' })
  })

  test('no data is null data', () => {
    assert.equal(readHttp(structured, attributes)[0]?.data, null)
    assert.equal(readHttp(binary, Buffer.alloc(0))[0]?.data, null)
  })

  test('data_base64 is decoded, and parsed when it is JSON', () => {
    const base64 = bytes({ botId: 'shop' }).toString('base64')
    assert.deepEqual(readHttp(structured, { ...attributes, data_base64: base64 }), [plain])
    const [event] = readHttp(structured, { ...attributes, datacontenttype: 'image/png', data_base64: 'AAE=' })
    assert.deepEqual(event?.data, Buffer.from([0, 1]))
  })

  test('data of another type stays bytes', () => {
    const [event] = readHttp({ ...binary, 'content-type': 'application/avro' }, Buffer.from([0, 1]))
    assert.deepEqual(event?.data, Buffer.from([0, 1]))
  })

  test('headers are percent-decoded', () => {
    assert.equal(readHttp({ ...binary, 'ce-subject': 'caf%C3%A9%20%22' }, null)[0]?.subject, 'café "')
  })

  test('a batch keeps its order, and an empty one is empty', () => {
    const ids = readHttp(batch, [
      { ...attributes, id: 'b' },
      { ...attributes, id: 'a' },
    ]).map(({ id }) => id)
    assert.deepEqual(ids, ['b', 'a'])
    assert.deepEqual(readHttp(batch, []), [])
  })

  const { id: _id, ...withoutId } = attributes
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)
  const wrong: [string, Record<string, string>, unknown, RegExp][] = [
    [
      'plain JSON',
      json,
      { botId: 'shop' },
      /not a CloudEvent: expected the content type application\/cloudevents\+json/,
    ],
    ['a text', structured, 'event', /event: expected a JSON object/],
    ['broken JSON', structured, Buffer.from('{'), /body: not valid JSON/],
    ['bytes that are not UTF-8', structured, Buffer.from([0x22, 0xff, 0x22]), /body: not valid UTF-8/],
    ['a batch that is no list', batch, attributes, /batch: expected a JSON list/],
    ['no id', structured, withoutId, /event: id: is missing/],
    ['an empty type', structured, { ...attributes, type: '' }, /event: type: is empty/],
    ['a source that is no text', structured, { ...attributes, source: 1 }, /event: source: expected a text/],
    ['another version', structured, { ...attributes, specversion: '0.3' }, /event: specversion: expected 1.0/],
    ['a time that is none', structured, { ...attributes, time: 'yesterday' }, /event: time: expected a time such as/],
    ['a name in capitals', structured, { ...attributes, traceParent: 'x' }, /"traceParent": names of attributes are/],
    ['an extension that is an object', structured, { ...attributes, trace: {} }, /event: trace: expected a text/],
    ['an id that is too long', structured, { ...attributes, id: 'x'.repeat(2001) }, /id: is longer than 2000/],
    ['NUL in an attribute', structured, { ...attributes, id: 'a\0' }, /event: id: holds NUL or half of a surrogate/],
    ['NUL in the data', structured, { ...attributes, data: { a: ['\0'] } }, /event: data\/a\/0: holds NUL/],
    [
      'half of a surrogate pair as a name',
      structured,
      { ...attributes, data: { '\ud800': 1 } },
      /data: a name holds NUL/,
    ],
    ['data that nests too deep', structured, { ...attributes, data: deep }, /event: data nests deeper than 100/],
    ['data twice', structured, { ...attributes, data: 1, data_base64: 'AA==' }, /has both data and data_base64/],
    ['base64 that is none', structured, { ...attributes, data_base64: '%' }, /data_base64: expected a text in base64/],
    ['binary data that is broken JSON', { ...binary, ...json }, Buffer.from('{'), /event: data: not valid JSON/],
    [
      'broken percent-encoding',
      { ...binary, 'ce-subject': '%E0' },
      null,
      /header ce-subject: not valid percent-encoding/,
    ],
    ['one wrong event of a batch', batch, [attributes, withoutId], /event 2 of 2: id: is missing/],
  ]
  for (const [what, headers, body, message] of wrong) {
    test(`${what} is refused, saying what is wrong`, () => {
      assert.throws(
        () => readHttp(headers, body),
        (error) => error instanceof CloudEventError && message.test(error.message),
      )
    })
  }
})
