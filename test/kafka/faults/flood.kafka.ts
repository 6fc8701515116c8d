import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from 'kafkajs'
import { echoConfiguration, sumsOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { startYard } from '../../harness/yard.ts'
import { sharedBroker } from '../broker/shared.ts'
import { countMessages } from '../broker/topics.ts'
import { preparePlatform, structured } from '../platform.ts'

const good = 10_000
const malformed = 1_000
const bots = 1_000
const atOnce = 1_000

test('I5: of 10,000 events, each sent twice, among 1,000 messages that are none, each is accounted for once', async (t) => {
  const brokers = await sharedBroker()
  const { variables, configured, produce } = await preparePlatform(t, brokers)
  const configuration = configured(echoConfiguration())
  const yard = await startYard(t, { configuration, entry: 'services/intake/main.ts', postgres: 'shared', variables })

  const messages = Array.from({ length: good }, (_, index) => index).flatMap((index): Message[] => {
    const event = eventOf(index)
    return index % (good / malformed) === 0 ? [event, event, nonsense(index)] : [event, event]
  })
  for (let first = 0; first < messages.length; first += atOnce) await produce(messages.slice(first, first + atOnce))

  const sums = await eventually(
    async () => {
      const now = await sumsOf(yard)
      return now.received === good + malformed && now.deadLettered === malformed && now
    },
    { timeoutMs: 90_000, what: 'every message to be accounted for' },
  )
  assert.ok(sums.balanced, JSON.stringify(sums))
  const letters = `${variables['KAFKA_PREFIX']}trainyard.dead-letters`
  await eventually(async () => (await countMessages(brokers, letters)) === malformed, {
    what: 'a dead letter for each',
  })
})

function eventOf(index: number): Message {
  const bot = `bot-${index % bots}`
  const dataset = { uri: `dataset:sha256:${'0'.repeat(64)}` }
  const data = { botId: bot, dataset, revision: 1 + Math.floor(index / bots) }
  return structured(bot, { specversion: '1.0', id: `${index}`, source: '/flood', type: 'bot.updated', data })
}

/** Not JSON, an event with nothing in it, JSON of another kind, and bytes that are no text. */
function nonsense(index: number): Message {
  const values = ['{"type": "bot.upda', '{"type": "bot.updated"}', '[1, 2]', Buffer.from([0xff, 0xfe, 0])]
  return { key: `bot-${index % bots}`, value: values[index % values.length] ?? '' }
}
