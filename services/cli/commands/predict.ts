import type { Command } from 'commander'
import { contractVersion, type Prediction, ProgramSpec } from '../../../schemas/program.ts'
import { percent } from '../../kit/figures.ts'
import type { Api } from '../client/api.ts'
import type { Model } from '../client/launcher.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { readText } from '../input.ts'
import { answer } from '../predict/answer.ts'
import { type AskedModel, askedModel } from '../predict/asked.ts'
import { cachedModel, cacheFolders } from '../predict/model-cache.ts'
import { localCommand } from '../predict/program.ts'
import { intentName } from '../render/confusion.ts'
import type { Style } from '../render/style.ts'
import { clip, printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { text?: string[]; file?: string; jobType?: string }

const timeBudgetSeconds = 60
const runnersUp = 2

export function addPredict(program: Command, context: Context): void {
  program
    .command('predict')
    .summary('let a model answer')
    .description(
      "Fetches the bot's champion, or the model that is named, checks its digest, and runs its own program on this machine, as this user, to answer.",
    )
    .argument('<bot-or-model>', 'the bot, the digest of a model (sha256:…), or the run that trained it')
    .option('--text <text...>', 'what to answer; may be given more than once')
    .option('--file <file>', 'a text a line; - for standard input')
    .option('--job-type <name>', 'needed where the bot has several')
    .action(async (name: string, { text, file, jobType }: Options, command: Command) => {
      const session = openSession(command, context)
      const lines = file === undefined ? [] : (await readText(file)).split('\n').filter((line) => line.trim() !== '')
      const texts = [...(text ?? []), ...lines]
      if (texts.length === 0) {
        throw new CommandFailure('there is nothing to answer', {
          next: 'Give a --text, or a --file with one text a line.',
          exitCode: exitCodes.usage,
        })
      }
      const asked = await askedModel(session.api, name, jobType)
      const { launcher } = session.api
      const model = await launcher.model(asked.digest)
      const caches = cacheFolders(context.variables, process.platform)
      const predictions = await answer({
        command: localCommand(model.program, context.variables['TRAINYARD_CONFIG'] || undefined),
        spec: await specOf(session.api, asked, model),
        modelFolder: await cachedModel(model, caches.models, launcher.modelFile),
        cacheFolder: caches.programs,
        texts,
        signal: context.signal,
      })
      const answers = predictions.map(({ id: _id, ...prediction }, index) => ({
        text: texts[index] ?? '',
        ...prediction,
      }))
      session.show({ bot: asked.bot, run: asked.run, sequence: asked.sequence, answers }, () =>
        answerTable(answers, session.style),
      )
    })
}

/** What the contract promises a program in predict. The seed means nothing there. */
async function specOf(api: Api, { evaluation }: AskedModel, model: Model): Promise<ProgramSpec> {
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
