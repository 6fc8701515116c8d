/** What the tests of faults train, and how they know that all went well. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attemptsOf, type Run, settledSums } from '../../chain/answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, publish } from '../../chain/bot.ts'
import type { Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import { podThat } from '../jobs.ts'
import type { Pod } from '../pods.ts'
import { type Witness, watchAttempts } from '../witness.ts'
import { type ClusterYard, type ClusterYardOptions, startClusterYard } from '../yard.ts'

type Place = Pick<ClusterYard, 'cluster' | 'namespace'>

/** A job type whose trainings need a GPU each. */
export function onGpu(hyperparameters: Record<string, unknown> = {}, jobType = ''): string {
  return echoConfiguration(hyperparameters, 'placements:\n  gpu: { gpus: 1, memoryGiB: 1 }').replace(
    'slots: 4',
    `slots: 4\n    placement: gpu${jobType === '' ? '' : `\n    ${jobType}`}`,
  )
}

/** Somebody edits the bot. */
export async function edit(yard: Yard, bot: string, revision = 1): Promise<void> {
  const dataset = await postDataset(yard, datasetOf(`${bot} ${revision}`))
  await publish(yard, botUpdated(bot, dataset, revision))
}

/** Resolves to the bot's newest run once it runs. */
export async function runningRun(yard: Yard, bot: string): Promise<Run> {
  return await eventually(
    async () => {
      const { runs } = await yard.get<{ runs: Run[] }>(`/runs?bot=${bot}`)
      return runs[0]?.state === 'running' && runs[0]
    },
    { what: `a running run of ${bot}` },
  )
}

/** Somebody has edited `bot-1`, and the program of its attempt runs. */
export async function training(t: Ending, options: ClusterYardOptions) {
  const here = await startClusterYard(t, options)
  const witness = watchAttempts(t, here.cluster, here.namespace)
  await edit(here.yard, 'bot-1')
  const { run } = await runningRun(here.yard, 'bot-1')
  return { ...here, witness, run, pod: await runningPod(here, `${run}-1`) }
}

/** Sees the bot through to its model. All that was made for it was made once, and is gone. */
export async function becomesChampion(yard: Yard, bot: string, witness: Witness, attempts = 1): Promise<void> {
  const champion = await eventually(() => championOf(yard, bot), { timeoutMs: 120_000, what: `a champion of ${bot}` })
  assert.equal(champion.sequence, 1)
  const made = await attemptsOf(yard, champion.run)
  assert.equal(made.length, attempts, JSON.stringify(made))
  assert.equal(made.filter(({ outcome }) => outcome === 'done').length, 1)
  await settledSums(yard)
  await witness.empty()
  await witness.check()
}

/** What the services have written into their log. */
export const saidBy = async ({ directory }: Yard): Promise<string> =>
  await readFile(join(directory, 'services.log'), 'utf8')

/** The attempt's pod once its program runs. */
export async function runningPod({ cluster, namespace }: Place, attempt: string): Promise<Pod> {
  return await podThat(cluster, namespace, attempt, ({ status }) =>
    status.containerStatuses?.some(({ state }) => state.running),
  )
}

/** How an attempt stands, in words for people; empty when nothing is said of it. */
export async function standingOf(yard: Yard, run: string, attempt: string): Promise<string> {
  const attempts = await yard.get<{ attempt: string; standing: string | null }[]>(`/runs/${run}/attempts`)
  return attempts.find((each) => each.attempt === attempt)?.standing ?? ''
}
