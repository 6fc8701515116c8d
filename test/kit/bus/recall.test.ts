import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHeaders } from '../../../schemas/cloudevents-kafka.ts'
import { committedCodec } from '../../../schemas/codec.ts'
import type { RawMessage } from '../../../services/kit/bus/bus.ts'
import { makeRecall } from '../../../services/kit/bus/recall.ts'
import { requested } from '../../promoter/yard.ts'

function messageOf(generation: number): RawMessage {
  const data = requested(generation, 0)
  return {
    topic: 'trainyard.requests',
    partition: 0,
    offset: generation,
    key: Buffer.from(data.bot),
    headers: toHeaders({
      id: `event-${generation}`,
      source: '/trainyard/intake',
      type: 'dev.trainyard.training.requested.v1',
      subject: data.bot,
      time: new Date(0),
      causationId: 'cause',
      correlationId: 'chain',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
    value: committedCodec.encode('training.requested', data),
    timestamp: new Date(generation),
  }
}

/** What is forgotten of so many requests by a database that knows the first of them; and how much was looked at for it. */
async function recalled({ said, known, junk = [] }: { said: number; known: number; junk?: RawMessage[] }) {
  const messages = [...Array.from({ length: said }, (_, index) => messageOf(index + 1)), ...junk]
  let looked = 0
  const peek = async (_: string, count: number) => {
    looked = Math.min(count, messages.length)
    return messages.slice(-count)
  }
  const forgotten = await makeRecall({ peek }, committedCodec)('training.requested', async (events) =>
    events.filter(({ data }) => data.generation > known),
  )
  return { forgotten: forgotten.map(({ data }) => data.generation), looked }
}

test('a database that is as new as the bus has forgotten nothing, and little is looked at', async () => {
  assert.deepEqual(await recalled({ said: 3_000, known: 3_000 }), { forgotten: [], looked: 200 })
  assert.deepEqual(await recalled({ said: 0, known: 0 }), { forgotten: [], looked: 0 })
})

test('what an older database has forgotten is found, however much it is', async () => {
  const few = await recalled({ said: 3_000, known: 2_990 })
  assert.deepEqual([few.forgotten.length, few.forgotten[0], few.looked], [10, 2_991, 200])
  const many = await recalled({ said: 3_000, known: 500 })
  assert.deepEqual([many.forgotten.length, many.forgotten[0]], [2_500, 501])
  assert.equal((await recalled({ said: 150, known: 0 })).forgotten.length, 150)
})

test('other news on the same topic hides nothing: it is looked at until enough that is known is seen', async () => {
  const junk = Array.from({ length: 200 }, (_, index) => ({ ...messageOf(3_001 + index), value: null }))
  const { forgotten, looked } = await recalled({ said: 3_000, known: 2_990, junk })
  assert.deepEqual([forgotten.length, forgotten[0], looked], [10, 2_991, 2_000])
  const oneLeft = await recalled({ said: 3_000, known: 2_990, junk: junk.slice(1) })
  assert.equal(oneLeft.forgotten.length, 10)
})

test('what cannot be read is passed over', async () => {
  const junk = { ...messageOf(4), headers: { ce_id: Buffer.from([0xff]) }, value: null }
  assert.deepEqual((await recalled({ said: 3, known: 1, junk: [junk] })).forgotten, [2, 3])
})
