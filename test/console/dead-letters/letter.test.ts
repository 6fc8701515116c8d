import assert from 'node:assert/strict'
import { test } from 'node:test'
import { letterOf, replayOf } from '../../../services/console/dead-letters/letter.ts'

const timestamp = new Date('2026-01-31T12:00:00Z')
const message = { topic: 'trainyard.dead-letters', partition: 1, offset: 5, timestamp }

test('a key that is no text goes back as it came', () => {
  const key = Buffer.from([255, 254])
  const letter = letterOf({ ...message, key, headers: { 'dead-letter-topic': 'bot.events' }, value: null })
  assert.deepEqual(letter.headers, {})
  assert.deepEqual(replayOf(letter), { message: { topic: 'bot.events', key, headers: {}, value: null } })
})

test('a place that is not known stays unknown', () => {
  const headers = { 'dead-letter-topic': 'trainyard.events', 'dead-letter-partition': '', 'dead-letter-offset': 'x' }
  const letter = letterOf({ ...message, key: null, headers, value: Buffer.from('{}') })
  assert.deepEqual([letter.partition, letter.offset, letter.group], [null, null, null])
  assert.equal(letter.deadLetteredAt, timestamp)
  assert.deepEqual(replayOf(letter), {
    message: { topic: 'trainyard.events', key: null, headers: {}, value: Buffer.from('{}') },
  })
})

test('a letter about a dead letter is not sent round in a circle', () => {
  const headers = { 'dead-letter-topic': 'trainyard.dead-letters' }
  assert.ok('refusal' in replayOf(letterOf({ ...message, key: null, headers, value: null })))
})
