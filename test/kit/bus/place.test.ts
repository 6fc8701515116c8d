import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstPlace, firstPlaceHeader, firstPlaceHeaders } from '../../../services/kit/bus/place.ts'

const message = { topic: 'bot.events', partition: 2, offset: 17, timestamp: new Date(5), headers: {} }

test('a message is known by where and when it lay, and a replay by that of what it repeats', () => {
  assert.equal(firstPlace(message), '2/17/5')
  const replay = { ...message, partition: 0, offset: 99, timestamp: new Date(7), headers: firstPlaceHeaders(message) }
  assert.equal(firstPlace(replay), '2/17/5')
  const again = { ...message, offset: 200, timestamp: new Date(9), headers: firstPlaceHeaders(replay) }
  assert.equal(firstPlace(again), '2/17/5')
})

test('a header that names another topic, or no place, is ignored', () => {
  for (const said of [
    'other.events/2/17/5',
    'bot.events/2/17',
    'bot.events/2/17/x',
    '',
    Buffer.from([0xff]),
    ['a', 'b'],
  ])
    assert.equal(firstPlace({ ...message, headers: { [firstPlaceHeader]: said } }), '2/17/5')
})
