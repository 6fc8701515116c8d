import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceNames } from '../../../services/kit/service.ts'
import { settledSums } from '../../chain/answers.ts'
import { botUpdated, datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { sharedBroker } from '../broker/shared.ts'
import { preparePlatform, structured } from '../platform.ts'
import { startFleet } from './fleet.ts'

const bots = 30
const edits = 4

test('a burst gives each bot one run and every signal one end, while one process of each service is killed and started again', async (t) => {
  const platform = await preparePlatform(t, await sharedBroker())
  const debounced = 'slots: 4\n    debounce: { quietSeconds: 2, maxWaitSeconds: 60 }'
  const configuration = platform.configured(echoConfiguration({ sleepMs: 200 }).replace('slots: 4', debounced))
  const fleet = await startFleet(t, configuration, platform.variables)
  const { intake, console } = fleet
  const datasets = await Promise.all(
    Array.from({ length: edits }, (_, edit) => postDataset(intake[1], datasetOf(`edit-${edit}`, 2, 10))),
  )
  const killing = serviceNames.map(async (service) => {
    const [victim] = fleet[service]
    await victim.kill('SIGKILL')
    return victim
  })
  for (const [edit, dataset] of datasets.entries())
    await Promise.all(
      Array.from({ length: bots }, (_, bot) =>
        platform.produce([structured(`bot-${bot}`, botUpdated(`bot-${bot}`, dataset, edit + 1))]),
      ),
    )
  for (const victim of await Promise.all(killing)) await victim.start()

  await eventually(
    async () => (await console[1].get<{ champions: unknown[] }>('/champions?limit=100')).champions.length === bots,
    { timeoutMs: 90_000, what: 'a champion for each bot' },
  )
  const sums = await settledSums(intake[1])
  const { launched, coalesced, unchanged } = sums
  assert.deepEqual({ ...sums }, { ...sums, received: bots * edits, rejected: 0, deadLettered: 0 })
  assert.equal(launched + coalesced + unchanged, bots * edits)
  const { runs } = await console[1].get<{ runs: { bot: string }[] }>('/runs?limit=200')
  assert.deepEqual([runs.length, new Set(runs.map(({ bot }) => bot)).size], [bots, bots])
})
