import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { printable } from '../render/table.ts'
import { openSession } from '../session.ts'
import { collectFacts } from '../why/collect.ts'
import { why } from '../why/why.ts'

type Options = { jobType?: string }

export function addWhy(program: Command, context: Context): void {
  program
    .command('why')
    .summary("what holds a bot's training up right now, or how the last one ended")
    .description(
      "Says in one sentence what holds a bot's training up right now, or what ended the last one, and the evidence for it.",
    )
    .argument('<bot>', 'the bot')
    .option('--job-type <name>', 'only of this job type')
    .action(async (bot: string, { jobType }: Options, command: Command) => {
      const session = openSession(command, context)
      const facts = (await collectFacts(session.api, bot, context.now)).filter(
        (key) => jobType === undefined || key.jobType === jobType,
      )
      if (facts.length === 0) {
        session.show({ bot, keys: [] }, () => '')
        const of = jobType === undefined ? '' : ` for the job type ${jobType}`
        throw new CommandFailure(`nothing was ever heard of a bot named "${bot}"${of}`, {
          next: 'Names are compared to the letter. Tell it about one with "trainyard publish --bot NAME --dataset FILE".',
        })
      }
      const keys = facts.map((key) => ({ jobType: key.jobType, ...why(key) }))
      session.show({ bot, keys }, () =>
        keys
          .map(({ jobType: name, sentence, evidence }) => {
            const head = keys.length === 1 ? '' : `${session.style.bold(name)}: `
            return [
              `${head}${session.style.bold(printable(sentence))}`,
              ...evidence.map((line) => `  ${printable(line)}`),
            ].join('\n')
          })
          .join('\n\n'),
      )
    })
}
