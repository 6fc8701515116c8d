import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maximumSlots } from '../../schemas/job-type.ts'
import { BotId } from '../../schemas/words.ts'
import { configureSlots } from '../../services/launcher/slots.ts'
import { type LauncherKit, launcherDatabase, launcherKit } from './launcher-kit.ts'

const host = { host: 'localhost' }
const put = (kit: LauncherKit, slots: number | null, jobType = 'intents') =>
  kit.inject({
    method: 'PUT',
    url: `/slots/${jobType}`,
    headers: host,
    payload: { slots, actor: 'ada', reason: 'new machine' },
  })
const running = async (kit: LauncherKit): Promise<number> =>
  (await kit.database.query<{ count: number }>("select count(*) from launcher.runs where state = 'running'"))[0]
    ?.count ?? 0

async function fill(kit: LauncherKit, bots: number): Promise<void> {
  for (let index = 0; index < bots; index += 1) await kit.request({ bot: BotId.parse(`bot-${index}`) })
  await kit.settle()
}

test('as many runs start as there are slots', async (t) => {
  const kit = await launcherKit(t, { slots: 2 })
  await fill(kit, 3)
  assert.equal(await running(kit), 2)
})

test('more slots start more runs at once', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  await fill(kit, 3)
  assert.equal((await put(kit, 3)).statusCode, 200)
  await kit.settle()
  assert.equal(await running(kit), 3)
})

test('lowering slots kills nothing, and the number holds once the runs beyond it have ended', async (t) => {
  const kit = await launcherKit(t, { slots: 3 })
  await fill(kit, 6)
  const answer = await put(kit, 1)
  assert.deepEqual(answer.json()[0].retiring, 2)
  await kit.settle()
  assert.equal(await running(kit), 3)
  assert.deepEqual(kit.executor.stopped, [])
  const [before] = (await kit.inject({ url: '/slots', headers: host })).json()
  const [kept, ...retiring] = before.used
  for (const [run, left] of [
    [retiring[0], 2],
    [retiring[1], 1],
    [kept, 1],
  ] as const) {
    await kit.runnerOf(run).train()
    await kit.settle()
    assert.equal(await running(kit), left, `after ${run}`)
  }
  const [slots] = (await kit.inject({ url: '/slots', headers: host })).json()
  assert.deepEqual([slots.slots, slots.used.length, slots.retiring], [1, 1, 0])
})

test('raising the number again before the runs have ended takes their slots back', async (t) => {
  const kit = await launcherKit(t, { slots: 3 })
  await fill(kit, 4)
  await put(kit, 1)
  await put(kit, 4)
  await kit.settle()
  assert.equal(await running(kit), 4)
})

test('zero slots start nothing and lose nothing', async (t) => {
  const kit = await launcherKit(t, { slots: 0 })
  await fill(kit, 2)
  assert.equal(await running(kit), 0)
  await put(kit, 2)
  await kit.settle()
  assert.equal(await running(kit), 2)
})

test('a chosen number survives a restart, says who chose it and why, and null goes back to the configured one', async (t) => {
  const kit = await launcherKit(t, { slots: 2 })
  await put(kit, 5)
  await kit.parts.stop?.()
  await kit.parts.start?.()
  const [chosen] = (await kit.inject({ url: '/slots', headers: host })).json()
  assert.deepEqual(
    [chosen.slots, chosen.configured, chosen.chosen.actor, chosen.chosen.reason],
    [5, 2, 'ada', 'new machine'],
  )
  const [configured] = (await put(kit, null)).json()
  assert.deepEqual([configured.slots, configured.chosen], [2, null])
})

test('as many slots can be chosen as can be configured, and no more', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  assert.equal((await put(kit, maximumSlots)).statusCode, 200)
  assert.equal((await put(kit, maximumSlots + 1)).statusCode, 422)
})

test('a job type that has left the configuration keeps its slots, and no configured number is told of it', async (t) => {
  const database = await launcherDatabase(t)
  await configureSlots(database, [{ jobType: 'gone', slots: 3 }])
  const kit = await launcherKit(t, { database, slots: 2 })
  const read = async () => (await kit.inject({ url: '/slots', headers: host })).json()
  const numbers = ({ jobType, slots, configured }: Record<string, unknown>) => [jobType, slots, configured]
  assert.deepEqual((await read()).map(numbers), [
    ['gone', 3, null],
    ['intents', 2, 2],
  ])
  assert.equal((await put(kit, 0, 'gone')).statusCode, 200)
  assert.deepEqual((await read()).map(numbers)[0], ['gone', 0, null])
})

test('the slots of a job type that does not exist are not found, and the answer names those that do', async (t) => {
  const kit = await launcherKit(t)
  const answer = await put(kit, 1, 'nothing')
  assert.equal(answer.statusCode, 404)
  assert.equal(answer.json().error.hint, 'There are intents.')
})
