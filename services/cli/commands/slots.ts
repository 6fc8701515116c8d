import type { Command } from 'commander'
import { maximumSlots } from '../../../schemas/job-type.ts'
import { counted } from '../../kit/figures.ts'
import type { Slots } from '../client/launcher.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { reason?: string }

export function addSlots(program: Command, context: Context): void {
  program
    .command('slots')
    .summary('how many runs of a job type may be in progress at once')
    .description(
      'Shows how many runs of each job type may be in progress at once, or changes that number. A changed number ' +
        'outlives restarts; "configured" goes back to the one in the configuration.',
    )
    .argument('[job-type]', 'only this job type')
    .argument('[number]', 'the new number, or "configured"', slotNumber)
    .option('--reason <text>', 'why, for the record; needed with a number')
    .action(
      async (
        jobType: string | undefined,
        number: number | 'configured' | undefined,
        { reason }: Options,
        command: Command,
      ) => {
        const session = openSession(command, context)
        const { launcher } = session.api
        if (jobType !== undefined && number !== undefined) {
          if (reason === undefined) {
            throw new CommandFailure('a change of slots needs a reason', {
              next: 'Give one with --reason.',
              exitCode: exitCodes.usage,
            })
          }
          const slots = number === 'configured' ? null : number
          const changed = await launcher.setSlots(jobType, { slots, actor: session.actor, reason })
          return session.show(changed, () => slotTable(changed))
        }
        const slots = await launcher.slots()
        const shown = slots.filter((each) => jobType === undefined || each.jobType === jobType)
        if (jobType !== undefined && shown.length === 0) {
          throw new CommandFailure(`there is no job type "${jobType}"`, {
            next: `There are ${slots.map((each) => each.jobType).join(', ') || 'none'}.`,
          })
        }
        session.show(shown, () => slotTable(shown))
      },
    )
}

function slotTable(slots: readonly Slots[]): string {
  return table(
    [{ title: 'JOB TYPE' }, { title: 'SLOTS', align: 'right' }, { title: 'IN USE', align: 'right' }, { title: '' }],
    slots.map(({ jobType, slots: count, configured, chosen, used, retiring }) => [
      jobType,
      String(count),
      String(used.length),
      [
        ...(configured === null
          ? ['no longer in the configuration: what was requested before still runs, nothing new is requested']
          : [chosen === null ? 'as configured' : `${configured} configured`]),
        ...(chosen === null ? [] : [`${printable(chosen.actor)}: ${printable(chosen.reason)}`]),
        ...(retiring > 0
          ? [`${counted(retiring, 'slot')} will go when ${retiring === 1 ? 'its run ends' : 'their runs end'}`]
          : []),
      ].join('; '),
    ]),
  )
}

const slotNumber = (text: string): number | 'configured' =>
  text === 'configured' ? text : wholeNumber(0, maximumSlots)(text)
