import type { Command } from 'commander'
import { shortDigest } from '../../kit/figures.ts'
import type { Champion } from '../client/console.ts'
import type { Context } from '../context.ts'
import { relative } from '../render/figures.ts'
import { botCell, printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { bot?: string }

export function addChampions(program: Command, context: Context): void {
  program
    .command('champions')
    .summary('the models in force')
    .description('The model in force of each bot and job type, and since when.')
    .option('--bot <id>', 'only of this bot, with the changes before')
    .action(async ({ bot }: Options, command: Command) => {
      const session = openSession(command, context)
      const { api } = session
      const champions =
        bot === undefined
          ? await api.console.champions()
          : (await api.console.bot(bot)).champions.flatMap(({ changes }) => changes)
      session.show({ champions }, () =>
        champions.length === 0 ? 'No model is in force yet.' : championTable(champions, context.now()),
      )
    })
}

function championTable(champions: readonly Champion[], now: Date): string {
  return table(
    [
      { title: 'BOT' },
      { title: 'JOB TYPE' },
      { title: '#', align: 'right' },
      { title: 'GENERATION', align: 'right' },
      { title: 'RUN' },
      { title: 'MODEL' },
      { title: 'SINCE' },
      { title: 'BY' },
    ],
    champions.map((champion) => [
      botCell(champion.bot),
      champion.jobType,
      String(champion.sequence),
      String(champion.generation),
      champion.run,
      shortDigest(champion.model.digest),
      relative(champion.decidedAt, now),
      printable(champion.actor ?? champion.decidedBy),
    ]),
  )
}
