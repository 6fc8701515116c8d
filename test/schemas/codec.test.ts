import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type EventData, eventNames, typeOf } from '../../schemas/catalogue.ts'
import { CodecError, committedCodec, type NamedEvent } from '../../schemas/codec.ts'
import { events, eventsNamed } from './arbitraries.ts'
import { runQueued as queued } from './samples.ts'

const { encode, decode } = committedCodec

function bytesOf(event: NamedEvent): Buffer {
  return encode<NamedEvent['name']>(event.name, event.data)
}

function codecErrorOf(action: () => unknown): CodecError {
  try {
    action()
  } catch (error) {
    if (error instanceof CodecError) return error
    throw error
  }
  throw new Error('expected a CodecError')
}

describe('codec', () => {
  for (const name of eventNames) {
    test(`what is written as ${name} is read back equal`, () => {
      fc.assert(
        fc.property(eventsNamed(name), (event) => {
          assert.deepEqual(decode(typeOf(name), bytesOf(event)), event)
        }),
        { numRuns: 30 },
      )
    })
  }

  test('bytes begin with 0 and the schema id, big-endian', () => {
    const bytes = encode('run.queued', queued)
    assert.equal(bytes[0], 0)
    assert.equal(bytes.readInt32BE(1), 3)
  })

  test('numbers beyond 32 bits stay exact', () => {
    const bytes = encode('run.queued', { ...queued, generation: 2 ** 52 - 1 })
    const event = decode(typeOf('run.queued'), bytes)
    assert.equal(event.name === 'run.queued' && event.data.generation, 2 ** 52 - 1)
  })

  describe('refuses to write, and names the field', () => {
    const refused: [string, object, RegExp][] = [
      ['NUL', { reason: 'a\0b' }, /reason: the text holds NUL/],
      ['half of a surrogate pair', { actor: 'a\ud800' }, /actor: the text holds NUL or half/],
      ['an id of another form', { run: 'run-1' }, /run: expected a run id/],
      ['a fraction as a count', { generation: 1.5 }, /generation: expected a whole number of at most 52 bits, got 1.5/],
      ['a number that Avro would not keep exact', { generation: 2 ** 52 + 2 }, /generation: expected a whole number/],
      ['a missing field', { reason: undefined }, /reason: expected a text, got nothing/],
      ['a time that is no number', { endedAt: new Date(0) }, /endedAt: expected a time in whole milliseconds/],
      ['a flag that is a text', { wasRunning: 'yes' }, /wasRunning: expected true or false, got a text/],
    ]
    const cancelled = { ...queued, actor: 'ada', reason: 'a mistake', wasRunning: true, endedAt: 1 }
    for (const [what, change, message] of refused) {
      test(what, () => {
        // Wrong on purpose: what TypeScript would refuse comes from JavaScript or from a cast.
        const data = { ...cancelled, ...change } as EventData<'run.cancelled'>
        const error = codecErrorOf(() => encode('run.cancelled', data))
        assert.equal(error.code, 'badValue')
        assert.match(error.message, message)
      })
    }

    test('NUL deep inside lists and records', () => {
      const attempt = { number: 1, outcome: 'crashed', reason: '\0', exitCode: 1, startedAt: null, endedAt: 1 } as const
      const data = {
        ...queued,
        outcome: 'crashed',
        reason: '',
        startedAt: null,
        endedAt: 1,
        attempts: [attempt],
      } as const
      const error = codecErrorOf(() => encode('run.failed', { ...data, attempts: [...data.attempts] }))
      assert.match(error.message, /attempts\[0\]\.reason: the text holds NUL/)
    })
  })

  describe('bad bytes are an answer, not a crash', () => {
    const type = typeOf('run.queued')
    const good = encode('run.queued', queued)
    const withId = (id: number): Buffer => {
      const bytes = Buffer.from(good)
      bytes.writeInt32BE(id, 1)
      return bytes
    }
    const cases: [string, string, Buffer, string][] = [
      ['an unknown type', 'dev.trainyard.run.lost.v1', good, 'unknownType'],
      ['nothing', type, Buffer.alloc(0), 'badFrame'],
      ['a frame that is cut off', type, good.subarray(0, 4), 'badFrame'],
      ['another first byte', type, Buffer.concat([Buffer.from([1]), good.subarray(1)]), 'badFrame'],
      ['JSON', type, Buffer.from('{"run": "run-a2b3c4d5e6"}'), 'badFrame'],
      ['an unknown schema id', type, withId(1_000_000), 'unknownSchema'],
      ["another type's schema id", type, withId(1), 'unknownSchema'],
      ['a body that is cut off', type, good.subarray(0, -1), 'badAvro'],
      ['a body that goes on', type, Buffer.concat([good, Buffer.from([0])]), 'badAvro'],
    ]
    for (const [what, eventType, bytes, code] of cases) {
      test(what, () => assert.equal(codecErrorOf(() => decode(eventType, bytes)).code, code))
    }

    test('an id of another form in well-formed Avro', () => {
      const bytes = Buffer.from(good)
      bytes.write('RUN', 6)
      assert.equal(codecErrorOf(() => decode(type, bytes)).code, 'badValue')
    })

    test('a list that claims more items than there are bytes is refused at once', () => {
      const head = encode('run.failed', {
        ...queued,
        outcome: 'crashed',
        reason: '',
        attempts: [],
        startedAt: null,
        endedAt: 1,
      })
      // The list's count is the byte before [startedAt, endedAt]: replaced by 2^40 as a zigzag number.
      const tail = head.subarray(-2)
      const count = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40])
      const bytes = Buffer.concat([head.subarray(0, -3), count, tail])
      const error = codecErrorOf(() => decode(typeOf('run.failed'), bytes))
      assert.match(error.message, /a list claims 1099511627776 items/)
    })

    test('any change of any byte either reads as an event or is a CodecError', () => {
      const changed = fc.tuple(events, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean())
      fc.assert(
        fc.property(changed, ([event, at, change, isCut]) => {
          const bytes = bytesOf(event)
          const place = at % bytes.length
          bytes[place] = (bytes[place] ?? 0) ^ change
          try {
            decode(typeOf(event.name), isCut ? bytes.subarray(0, place) : bytes)
          } catch (error) {
            assert.ok(error instanceof CodecError, String(error))
          }
        }),
        { numRuns: 500 },
      )
    })

    test('arbitrary bytes behind a good frame either read as an event or are a CodecError', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...eventNames), (body, name) => {
          const frame = Buffer.from([0, 0, 0, 0, eventNames.indexOf(name) + 1])
          try {
            decode(typeOf(name), Buffer.concat([frame, body]))
          } catch (error) {
            assert.ok(error instanceof CodecError, String(error))
          }
        }),
        { numRuns: 500 },
      )
    })
  })
})
