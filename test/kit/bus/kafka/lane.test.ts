import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../../../services/kit/bus/bus.ts'
import { makeLane } from '../../../../services/kit/bus/kafka/lane.ts'
import { makeSighting } from '../../../../services/kit/bus/kafka/sighting.ts'
import { systemClock } from '../../../../services/kit/clock.ts'

const topic = 'things'
const signal = new AbortController().signal

/** Partitions of one topic, and the places at which they looked whether the log is still the same. */
function topicOf() {
  const sighting = makeSighting()
  const looks: string[] = []

  /** @param until the time of the last message before offset 1; undefined: nothing was handled */
  async function partition(number: number, until: number | undefined) {
    const handledUntil = until === undefined ? undefined : new Date(until)
    const lane = makeLane({
      clock: systemClock,
      sighting,
      begin: async () => ({ kind: 'at', position: { offset: 1, handledUntil } }),
      handle: async () => true,
      async holds({ offset }) {
        looks.push(`${number}/${offset}`)
        return true
      },
      lost: assert.fail,
      failed: (error) => assert.fail(String(error)),
      worked() {},
    })
    assert.equal(await lane.begin(signal), 1)
    return async (offset: number, time: number, isTaken = true) =>
      assert.equal(await lane.take(batchOf(number, offset, time)), isTaken)
  }
  return { looks, partition }
}

function batchOf(partition: number, offset: number, time: number): Batch {
  const message = { topic, partition, offset, key: null, headers: {}, value: null, timestamp: new Date(time) }
  return { topic, partition, messages: [message], nextOffset: offset + 1 }
}

test('what comes right after what was handled is taken as it is, and after a pause only when the log is still the same', async () => {
  const { looks, partition } = topicOf()
  const take = await partition(0, 1_000)
  await take(1, 1_050)
  await take(2, 1_100)
  assert.deepEqual(looks, [])
  await take(3, 1_151)
  assert.deepEqual(looks, ['0/3'])
})

test('a pause of one partition needs no look while another one of the topic goes on', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, 1_000), await partition(1, 1_000)]
  for (let offset = 1; offset <= 10; offset += 1) await first(offset, 1_000 + offset * 50)
  await second(1, 1_550)
  assert.deepEqual(looks, [])
})

test('a partition that is read later than another one of its topic needs no look for what was written meanwhile', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, 1_000), await partition(1, 1_000)]
  for (let offset = 1; offset <= 15; offset += 1) await first(offset, 1_000 + offset * 50)
  await second(1, 1_200)
  await second(2, 1_500)
  assert.deepEqual(looks, [])
})

test('messages of one partition that were themselves far apart spare another one no look in between', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, 1_000), await partition(1, 1_000)]
  await first(1, 1_050)
  await first(2, 1_500)
  await second(1, 1_200)
  assert.deepEqual(looks, ['0/2', '1/1'])
})

test('a partition that was silent for as long as its broker may have taken to start again is looked at all the same', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, 1_000), await partition(1, 1_000)]
  for (let offset = 1; offset <= 21; offset += 1) await first(offset, 1_000 + offset * 50)
  await second(1, 2_051)
  assert.deepEqual(looks, ['1/1'])
})

test('a partition of which nothing was handled before says nothing of the others', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, undefined), await partition(1, 1_000)]
  await first(1, 1_200)
  await second(1, 1_200)
  assert.deepEqual(looks, ['1/1'])
})

test('a partition whose own beginning is in a topic made anew does not tell that others go on in it', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, undefined), await partition(1, 1_000)]
  await first(1, 1_200)
  await first(2, 1_240)
  await second(1, 1_250)
  assert.deepEqual(looks, ['1/1'])
})

test('what lies before the position is not taken: where it begins again it is told whether it was handled or is of another log', async () => {
  const { partition } = topicOf()
  const take = await partition(0, 1_000)
  await take(0, 1_000, false)
})

test('a message of a time to come spares no other the look', async () => {
  const { looks, partition } = topicOf()
  const [first, second] = [await partition(0, 1_000), await partition(1, 1_000)]
  await first(1, 9_000)
  await second(1, 1_200)
  assert.deepEqual(looks, ['0/1', '1/1'])
})
