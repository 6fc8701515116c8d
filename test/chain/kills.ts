/** Lives in which the services are killed at one named point after the other. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../harness/eventually.ts'
import type { Yard } from '../harness/yard.ts'
import { botUpdated, championOf, datasetOf, persistently, postDataset, publish } from './bot.ts'

/** Ten lines, one every few milliseconds, so that a lost or doubled one shows. */
export const hyperparameters = { sleepMs: 150 }
/** One training may last from the first kill to the last one. */
const lifeMs = 180_000
/** The longest until an attempt that has ended is released: a look that died with its launcher is not taken over sooner. */
const clearedMs = 60_000
const expectedLines = Array.from({ length: 10 }, (_, index) => `slept ${(index + 1) * 15} of 150 ms`)

/** Trains one bot after another until the services were killed at every point of the chain; resolves to the bots. */
export async function killedAtEach(t: TestContext, yard: Yard, chain: readonly string[]): Promise<string[]> {
  const bots: string[] = []
  let driven: Promise<unknown> = Promise.resolve()
  const driveNext = () => {
    const bot = `bot-${bots.length + 1}`
    bots.push(bot)
    // The client does not know that the server dies under it: it goes on asking, and the next start answers.
    driven = driven.then(async () => {
      const dataset = await persistently(() => postDataset(yard, datasetOf(bot)))
      await publish(yard, botUpdated(bot, dataset, 1))
      await eventually(() => championOf(yard, bot), { timeoutMs: lifeMs })
    })
    // Said by whoever awaits it below; until then it is nobody's.
    driven.catch(() => {})
  }
  for (const [index, point] of chain.entries()) {
    await t.test(`killed at ${point}`, async () => {
      // What the last kill left undone may lead to this point by itself; if not, a new bot does.
      let end = await Promise.race([yard.ended, driven.then(() => 'not reached')])
      if (end === 'not reached') {
        driveNext()
        // A bot may have its champion before the last of its attempt is cleared away.
        end = await Promise.race([yard.ended, driven.then(() => delay(clearedMs, 'not reached', { ref: false }))])
      }
      assert.equal(end, 'SIGKILL')
      await startAgain(yard, chain[index + 1] ?? '')
    })
  }
  await driven
  return bots
}

/** Where runs wait for their slots there is one more point on their way. */
export const startOfWaiting = 'launcher.queue.started'

/** Of two bots one waits for the other's slot, and the services are killed when it gets it; resolves to the bots, trained once each. */
export async function killedAtStartOfWaiting(yard: Yard): Promise<string[]> {
  const bots = ['bot-1', 'bot-2']
  const dataset = await postDataset(yard, datasetOf('crash'))
  const events = bots.map((bot) => botUpdated(bot, dataset, 1))
  await yard.post('/events', events, 'application/cloudevents-batch+json')
  assert.equal(await yard.ended, 'SIGKILL')
  await yard.start({ TRAINYARD_CRASH_AT: '' })
  for (const bot of bots) await eventually(() => championOf(yard, bot), { timeoutMs: lifeMs })
  for (const bot of bots) await trainedOnce(yard, bot)
  return bots
}

/** What is left over may be taken up, and lead to the next point, before the start is over. */
export async function startAgain(yard: Yard, crashAt: string): Promise<void> {
  try {
    await yard.start({ TRAINYARD_CRASH_AT: crashAt })
  } catch (error) {
    if ((await yard.ended) !== 'SIGKILL') throw error
  }
}

export async function trainedOnce(yard: Yard, bot: string): Promise<void> {
  const champion = await championOf(yard, bot)
  assert.equal(champion?.sequence, 1)
  const { runs } = await yard.get<{ runs: { run: string }[] }>(`/runs?bot=${bot}`)
  assert.equal(runs.length, 1)
  const attempts = await yard.get<{ attempt: string; outcome: string | null }[]>(`/runs/${champion?.run}/attempts`)
  const done = attempts.filter(({ outcome }) => outcome === 'done')
  assert.equal(done.length, 1)
  const log = await (await yard.call(`/runs/${champion?.run}/logs?attempt=${done[0]?.attempt}`)).text()
  assert.deepEqual(log.match(/slept \d+ of 150 ms/g), expectedLines)
}
