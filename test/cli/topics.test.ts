import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trainyard } from './server.ts'

test('without Kafka there are no topics to look after, and the command says what it needs', async () => {
  const { exitCode, err } = await trainyard(['topics', 'plan'])
  assert.equal(exitCode, 1)
  assert.match(err, /KAFKA_BROKERS is not set: .* Set KAFKA_BROKERS\./)
})
