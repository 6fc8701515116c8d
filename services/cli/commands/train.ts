import type { Command } from 'commander'
import { shellWord } from '../../kit/shell-word.ts'
import type { Context } from '../context.ts'
import { followToEnd } from '../follow.ts'
import { openFile } from '../input.ts'
import { openSession } from '../session.ts'

type Options = { jobType?: string; dataset?: string; reason: string; wait?: true }

export function addTrain(program: Command, context: Context): void {
  program
    .command('train')
    .summary('ask for a training')
    .description(
      'Asks for a training of a bot as a person: at once, and also where nothing has changed. Without --dataset it is ' +
        "trained on the bot's newest one.",
    )
    .argument('<bot>', 'the bot')
    .option('--job-type <name>', 'needed where there are several')
    .option('--dataset <file or uri>', 'a file of JSON Lines to post first, or the URI of a dataset')
    .option('--wait', 'wait for the verdict; exit with 1 if no model came of it')
    .requiredOption('--reason <text>', 'why, for the record')
    .action(async (bot: string, { jobType, dataset, reason, wait }: Options, command: Command) => {
      const session = openSession(command, context)
      const { intake } = session.api
      const uri =
        dataset === undefined || isUri(dataset) ? dataset : (await intake.addDataset(await openFile(dataset))).uri
      const { signal } = await intake.train({
        bot,
        actor: session.actor,
        reason,
        ...(jobType === undefined ? {} : { jobType }),
        ...(uri === undefined ? {} : { dataset: uri }),
      })
      if (wait) return await followToEnd(session, signal)
      session.show({ signal, bot }, () => `Asked for. What becomes of it: trainyard why ${shellWord(bot)}`)
    })
}

const isUri = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text)
