import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ofKafka } from '../../../../services/kit/bus/kafka/messages.ts'

test('a time that no calendar holds is the last one that can be written', () => {
  const message = { key: null, value: null, offset: '7', timestamp: '9223372036854775807', attributes: 0, size: 0 }
  assert.equal(ofKafka(message, 'topic', 0).timestamp.toISOString(), '9999-12-31T00:00:00.000Z')
  assert.equal(ofKafka({ ...message, timestamp: '0' }, 'topic', 0).timestamp.getTime(), 0)
})
