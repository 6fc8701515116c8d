import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { contractVersion, type Prediction, ProgramSpec } from '../../../schemas/program.ts'
import { percent } from '../../kit/figures.ts'
import type { Api } from '../client/api.ts'
import { Refusal } from '../client/client.ts'
import type { Champion } from '../client/console.ts'
import type { Model } from '../client/launcher.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { readText } from '../input.ts'
import { answer } from '../predict/answer.ts'
import { cachedModel, cacheFolder } from '../predict/model-cache.ts'
import { localCommand } from '../predict/program.ts'
import { intentName } from '../render/confusion.ts'
import type { Style } from '../render/style.ts'
import { clip, printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { text?: string[]; file?: string; jobType?: string }

const packageRoot = fileURLToPath(new URL('../../..', import.meta.url))
const timeBudgetSeconds = 60
const runnersUp = 2

export function addPredict(program: Command, context: Context): void {
  program
    .command('predict')
    .summary('let the champion answer')
    .description(
      "Fetches the champion's model, checks its digest, and runs its own program on this machine, as this user, to answer.",
    )
    .argument('<bot>', 'the bot')
    .option('--text <text...>', 'what to answer; may be given more than once')
    .option('--file <file>', 'a text a line; - for standard input')
    .option('--job-type <name>', 'needed where the bot has several')
    .action(async (bot: string, { text, file, jobType }: Options, command: Command) => {
      const session = openSession(command, context)
      const lines = file === undefined ? [] : (await readText(file)).split('\n').filter((line) => line.trim() !== '')
      const texts = [...(text ?? []), ...lines]
      if (texts.length === 0) {
        throw new CommandFailure('there is nothing to answer', {
          next: 'Give a --text, or a --file with one text a line.',
          exitCode: exitCodes.usage,
        })
      }
      const champion = await championOf(session.api, bot, jobType)
      const { launcher } = session.api
      const model = await launcher.model(champion.model.digest)
      const cache = cacheFolder(context.variables, process.platform)
      const predictions = await answer({
        command: localCommand(model.program, packageRoot),
        spec: await specOf(session.api, champion, model),
        modelFolder: await cachedModel(model, cache, launcher.modelFile),
        texts,
        signal: context.signal,
      })
      const answers = predictions.map(({ id: _id, ...prediction }, index) => ({
        text: texts[index] ?? '',
        ...prediction,
      }))
      session.show({ bot, run: champion.run, sequence: champion.sequence, answers }, () =>
        answerTable(answers, session.style),
      )
    })
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
    throw new CommandFailure(`no model is in force for "${bot}"`, { next: `See why: trainyard why ${bot}` })
  }
  if (another !== undefined) {
    const names = champions.map((champion) => champion.jobType).join(', ')
    throw new CommandFailure(`${bot} has champions of several job types (${names})`, {
      next: 'Say which one with --job-type.',
    })
  }
  return only
}

/** What the contract promises a program in predict. The seed means nothing there. */
async function specOf(api: Api, { evaluation }: Champion, model: Model): Promise<ProgramSpec> {
  const { candidate, limits } = await api.console.evaluation(evaluation)
  const intents = [...candidate.perIntent.map(({ intent }) => intent), ...limits.intentsWithoutRows]
  return ProgramSpec.parse({
    contractVersion,
    bot: model.bot,
    jobType: model.jobType,
    generation: model.generation,
    run: model.run,
    attempt: 1,
    seed: 0,
    timeBudgetSeconds,
    hyperparameters: model.hyperparameters,
    intents: [...new Set(intents.filter((intent) => intent !== null))].sort(),
  })
}

type Answer = Omit<Prediction, 'id'> & { text: string }

function answerTable(answers: readonly Answer[], style: Style): string {
  return table(
    [{ title: 'TEXT' }, { title: 'INTENT' }, { title: 'SURE', align: 'right' }, { title: 'ELSE' }],
    answers.map(({ text, intent, confidence, top }) => [
      clip(printable(text), 50),
      style.bold(intentName(intent)),
      percent(confidence),
      style.faint(
        top
          .filter(([other]) => other !== intent)
          .slice(0, runnersUp)
          .map(([other, probability]) => `${intentName(other)} ${percent(probability)}`)
          .join(', '),
      ),
    ]),
  )
}
