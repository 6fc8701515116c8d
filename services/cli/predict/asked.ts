/** Which model a person asks: a bot's champion, or any model by its digest or its run. */

import { shellWord } from '../../kit/shell-word.ts'
import type { Api } from '../client/api.ts'
import { Refusal } from '../client/client.ts'
import type { Champion } from '../client/console.ts'
import { CommandFailure } from '../failure.ts'
import { isRunId } from '../ids.ts'

export interface AskedModel {
  readonly bot: string
  readonly run: string
  readonly digest: string
  /** Knows the intents of the model. */
  readonly evaluation: string
  /** Of the champion; null where the model was asked for by itself. */
  readonly sequence: number | null
}

const digestPattern = /^sha256:[0-9a-f]{64}$/

/** @throws CommandFailure where there is no such model, or none that has sat an exam */
export async function askedModel(api: Api, name: string, jobType: string | undefined): Promise<AskedModel> {
  if (digestPattern.test(name)) return await modelOfRun(api, (await api.launcher.model(name)).run)
  if (isRunId(name)) return await modelOfRun(api, name)
  const { run, model, evaluation, sequence } = await championOf(api, name, jobType)
  return { bot: name, run, digest: model.digest, evaluation, sequence }
}

async function modelOfRun(api: Api, id: string): Promise<AskedModel> {
  const { bot, run, model, evaluation } = await api.console.run(id)
  if (model === null || evaluation === null) {
    throw new CommandFailure(`${run} has no model that was measured`, { next: `See how it went: trainyard run ${run}` })
  }
  return { bot, run, digest: model.digest, evaluation: evaluation.evaluation, sequence: null }
}

async function championOf(api: Api, bot: string, jobType: string | undefined): Promise<Champion> {
  const champions = await api.console.bot(bot).then(
    (found) => found.champions.filter((champion) => jobType === undefined || champion.jobType === jobType),
    (error: unknown) => {
      if (error instanceof Refusal && error.code === 'notFound') return []
      throw error
    },
  )
  const [only, another] = champions
  if (only === undefined) {
    const next = /^(run-|sha256:)/.test(bot)
      ? 'Of a run or a model, give all of its id: "trainyard run RUN --json" has both.'
      : `See why: trainyard why ${shellWord(bot)}`
    throw new CommandFailure(`no model is in force for "${bot}"`, { next })
  }
  if (another !== undefined) {
    const names = champions.map((champion) => champion.jobType).join(', ')
    throw new CommandFailure(`${bot} has champions of several job types (${names})`, {
      next: 'Say which one with --job-type.',
    })
  }
  return only
}
