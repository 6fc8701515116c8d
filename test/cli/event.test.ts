import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventFrom } from '../../services/cli/event.ts'

const fresh = { id: 'new', time: '2026-03-01T12:00:00.000Z' }
const frame = { specversion: '1.0', time: fresh.time, datacontenttype: 'application/json' }

test('flags alone make a whole event', () => {
  const dataset = { uri: 'dataset:sha256:1', digest: 'sha256:1' }
  assert.deepEqual(eventFrom({}, { bot: 'helpdesk', dataset, revision: 7 }, fresh), {
    ...frame,
    id: 'new',
    type: 'bot.updated',
    source: '/trainyard/cli',
    subject: 'helpdesk',
    data: { botId: 'helpdesk', dataset, revision: 7 },
  })
})

test("a file's data that is no JSON object stays as it is, and no field is laid over it", () => {
  for (const file of [
    { id: 'mine', data_base64: 'AQI=' },
    { id: 'mine', data: ['x'] },
  ]) {
    const { data, data_base64: base64 } = eventFrom(file, { type: 'bot.saved' }, fresh)
    assert.deepEqual({ id: 'mine', ...(data ? { data } : {}), ...(base64 ? { data_base64: base64 } : {}) }, file)
    assert.throws(() => eventFrom(file, { bot: 'b' }, fresh), /is no JSON object, so no field of it can be set/)
  }
})

test("a file's event stays as it is where no flag says otherwise", () => {
  const file = { id: 'mine', type: 'bot.saved', source: '/editor', data: { botId: 'a', more: [1] } }
  assert.deepEqual(eventFrom(file, { bot: 'b', data: { extra: true } }, fresh), {
    ...frame,
    ...file,
    subject: 'b',
    data: { botId: 'b', more: [1], extra: true },
  })
})
