import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConsumerRunConfig, Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import { makeNames } from '../../../../services/kit/bus/kafka/names.ts'
import { type PeekOptions, peek } from '../../../../services/kit/bus/kafka/peek.ts'
import { systemClock } from '../../../../services/kit/clock.ts'
import { eventually } from '../../../harness/eventually.ts'

/** A look at one partition of four messages, over a consumer and a clock in the test's hand. */
function look(ifNotAll: 'fail' | 'fewer' = 'fail') {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'any' })
  const listeners = new Map<string, (event: object) => void>()
  let running: ConsumerRunConfig = {}
  const limits: (() => void)[] = []
  consumer.on = ((name: string, listener: (event: object) => void) => listeners.set(name, listener)) as never
  consumer.connect = async () => {}
  consumer.disconnect = async () => {}
  consumer.subscribe = async () => {}
  consumer.run = async (config = {}) => {
    running = config
  }
  kafka.consumer = () => consumer
  const options: PeekOptions = {
    connect: (make) => ({ client: make(kafka), cut: () => {} }),
    names: makeNames(''),
    look: {
      exists: async () => true,
      ranges: async () => new Map([[0, { low: 0, high: 4 }]]),
      firstAfter: async () => 0,
    },
    admin: { use: async () => undefined as never, close: async () => {} },
    clock: { ...systemClock, sleep: () => new Promise((resolve) => limits.push(resolve)) },
  }
  const found = peek(options, { topic: 'things', count: 10, ifNotAll })
  return {
    values: async () => (await found).map(({ value }) => String(value)),
    async gives(...offsets: number[]) {
      await eventually(() => running.eachBatch !== undefined)
      const messages = offsets.map((offset) => ({
        offset: String(offset),
        timestamp: String(offset),
        key: null,
        value: Buffer.from(String(offset)),
        headers: {},
      })) as unknown as KafkaMessage[]
      await running.eachBatch?.({ batch: { partition: 0, messages } } as never)
      listeners.get(consumer.events.END_BATCH_PROCESS)?.({
        payload: { partition: 0, lastOffset: String(offsets.at(-1)) },
      })
    },
    /** Until it waits for the so-manieth time. */
    waits: (times: number) => eventually(() => limits.length === times),
    limitPasses: () => limits.at(-1)?.(),
  }
}

test('a look goes on for as long as something comes', async () => {
  const { gives, waits, limitPasses, values } = look()
  await gives(0, 1)
  await waits(1)
  limitPasses()
  await waits(2)
  await gives(2)
  limitPasses()
  await waits(3)
  await gives(3)
  assert.deepEqual(await values(), ['0', '1', '2', '3'])
})

test('of what cannot be read to its end, as behind an open transaction, what came is given where fewer are welcome', async () => {
  const { gives, waits, limitPasses, values } = look('fewer')
  await gives(0, 1)
  await waits(1)
  limitPasses()
  await waits(2)
  limitPasses()
  assert.deepEqual(await values(), ['0', '1'])
})

test('and else nothing is: who looks for what was forgotten would take it for all', async () => {
  const { gives, waits, limitPasses, values } = look()
  await gives(0, 1)
  await waits(1)
  limitPasses()
  await waits(2)
  const refused = assert.rejects(values(), /things cannot be read to its end: nothing more of it came for 15 s/)
  limitPasses()
  await refused
})
