import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverSentEvents } from '../../../services/cli/client/server-sent-events.ts'

test('messages are whole however the bytes are cut, and comments are passed over', async () => {
  const bytes = new TextEncoder().encode(
    'retry: 2000\n\nid: 1\ndata: {"a":"ä"}\n\n: heartbeat\n\nid: 2\r\ndata: one\r\ndata: two\r\n\r\nid: 3\ndata: unfinished',
  )
  for (const size of [1, 2, 7, bytes.length]) {
    const pieces = async function* () {
      for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
    }
    const messages = []
    for await (const message of serverSentEvents(pieces())) messages.push(message)
    assert.deepEqual(messages, [
      { id: '1', data: '{"a":"ä"}' },
      { id: '2', data: 'one\ntwo' },
    ])
  }
})
