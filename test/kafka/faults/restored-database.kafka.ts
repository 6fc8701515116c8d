import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committedCodec } from '../../../schemas/codec.ts'
import type { RawMessage } from '../../../services/kit/bus/bus.ts'
import { receive } from '../../../services/kit/bus/events.ts'
import { settledSums } from '../../chain/answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { copyDatabase, emptyDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'
import { startYard } from '../../harness/yard.ts'
import { sharedBroker } from '../broker/shared.ts'
import { openClient, settingsFor } from '../bus/given.ts'
import { preparePlatform, structured } from '../platform.ts'

test('I4, I5: a database restored from an older backup does again what it has forgotten, and downstream ends with its champions', async (t) => {
  const brokers = await sharedBroker()
  const { variables, configured, produce } = await preparePlatform(t, brokers)
  const [live, backup] = [new URL(await emptyDatabase(t)), new URL(await emptyDatabase(t))]
  const configuration = configured(echoConfiguration())
  const yard = await startYard(t, { configuration, postgres: live, variables })
  const championAbove = (bot: string, sequence: number) =>
    eventually(
      async () => {
        const champion = await championOf(yard, bot)
        return champion !== undefined && champion.sequence > sequence && champion
      },
      { timeoutMs: 60_000, what: `a champion of ${bot} above ${sequence}` },
    )
  /** Or the run that would bring it has sat its exam against a champion that was said again meanwhile, and waits for a person. */
  const championAboveOrHeld = (bot: string, sequence: number) =>
    eventually(
      async () => {
        const champion = await championOf(yard, bot)
        if (champion !== undefined && champion.sequence > sequence) return true
        const { runs } = await yard.get<{ runs: { verdict: { state: string; reasons: string[] } | null }[] }>(
          `/runs?bot=${bot}`,
        )
        return runs.some(({ verdict }) => verdict?.state === 'held' && /champion changed/.test(verdict.reasons.join()))
      },
      { timeoutMs: 60_000, what: `a champion of ${bot} above ${sequence}` },
    )
  const [first, second] = [await postDataset(yard, datasetOf('first')), await postDataset(yard, datasetOf('second'))]
  await produce([structured('bot-1', botUpdated('bot-1', first, 1))])
  await championAbove('bot-1', 0)

  await yard.kill('SIGTERM')
  await copyDatabase(live, backup)
  await yard.start()
  await produce([
    structured('bot-1', botUpdated('bot-1', second, 2)),
    structured('bot-2', botUpdated('bot-2', first, 1)),
  ])
  await championAbove('bot-1', 1)
  await championAbove('bot-2', 0)
  await yard.kill('SIGKILL')
  await copyDatabase(backup, live)
  await yard.start()

  // Sequence 3 of bot-1 is what the backup knows, said again.
  await championAboveOrHeld('bot-1', 3)
  await championAboveOrHeld('bot-2', 1)
  // Requests are heard of once more, too, and may be done before intake has read again what they came from.
  const sums = await eventually(
    async () => {
      const settled = await settledSums(yard)
      return settled.received === 3 && settled
    },
    { timeoutMs: 60_000, what: 'what was forgotten to be received again' },
  )
  assert.deepEqual({ ...sums }, { ...sums, received: 3, launched: 3, rejected: 0, deadLettered: 0, balanced: true })
  const bus = openClient(t, settingsFor(brokers, variables['KAFKA_PREFIX']))
  for (const bot of ['bot-1', 'bot-2'])
    await eventually(
      async () => {
        const { sequence, run } = await championAbove(bot, 0)
        assert.deepEqual(newestSeen(await bus.peek('trainyard.champions', 1_000), bot), { sequence, run })
        return true
      },
      { timeoutMs: 60_000, what: `downstream to have the champion of ${bot}` },
    )
})

/** What whoever lives on the topic ends with: a sequence not above the last it saw is ignored; none is of two runs. */
function newestSeen(messages: readonly RawMessage[], bot: string) {
  const seen = new Map<number, string>()
  for (const message of messages.toSorted((one, other) => one.offset - other.offset)) {
    const { name, data } = receive(message, committedCodec)
    if (name !== 'model.ready' || data.bot !== bot) continue
    assert.ok((seen.get(data.sequence) ?? data.run) === data.run, `sequence ${data.sequence} is of two runs`)
    seen.set(data.sequence, data.run)
  }
  const sequence = Math.max(...seen.keys())
  return { sequence, run: seen.get(sequence) }
}
