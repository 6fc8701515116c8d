import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { addBusMetrics } from '../../../services/kit/bus/metrics.ts'
import { batchOf, consumersFor } from './consumers.ts'

test('how much waits between a service and the bus, and for how long, can be watched', async (t) => {
  const { open, options, database } = await consumersFor(t, (text) => {
    if (text === 'a:1') throw new Error('never')
  })
  const registry = new Registry()
  addBusMetrics(registry, database, ['yard'])
  const metric = async (name: string) =>
    Number(new RegExp(`^trainyard_${name}\\{service="yard"\\} (.*)$`, 'm').exec(await registry.metrics())?.[1])
  for (const name of ['outbox_messages', 'outbox_refused_messages', 'parked_messages', 'parked_oldest_seconds'])
    assert.equal(await metric(name), 0, name)

  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a:1', 'a:2']))
  await database.transaction((transaction) =>
    options.outbox.publishRaw(
      transaction,
      batchOf(['one', 'two', 'three']).messages.map((message) => ({ ...message, topic: 'things' })),
    ),
  )
  await database.execute("update yard.outbox set refused_at = now() where value = 'two'")
  assert.equal(await metric('parked_messages'), 2)
  assert.equal(await metric('outbox_messages'), 2)
  assert.equal(await metric('outbox_refused_messages'), 1)
  for (const name of ['parked_oldest_seconds', 'outbox_oldest_seconds']) assert.ok((await metric(name)) > 0, name)
})
