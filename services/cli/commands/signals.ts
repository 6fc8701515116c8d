import type { Command } from 'commander'
import { duration } from '../../kit/figures.ts'
import type { Signal, SignalOfBot } from '../client/intake.ts'
import type { Context } from '../context.ts'
import { relative } from '../render/figures.ts'
import { paintState, type Style } from '../render/style.ts'
import { sumsText } from '../render/sums.ts'
import { clip, facts, printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { bot?: string }

export function addSignals(program: Command, context: Context): void {
  program
    .command('signals')
    .summary('the ledger: what became of every signal')
    .description(
      "The ledger's sums: every signal that came in has exactly one end, or still waits. With a signal's id or --bot, the signals themselves.",
    )
    .argument('[signal]', 'only this signal')
    .option('--bot <id>', 'the latest signals of this bot')
    .action(async (id: string | undefined, { bot }: Options, command: Command) => {
      const session = openSession(command, context)
      const { intake } = session.api
      if (id !== undefined) {
        const signal = await intake.signal(id)
        session.show(signal, () => signalPage(signal, session.style))
      } else if (bot !== undefined) {
        const signals = await intake.signalsOf(bot)
        session.show({ signals }, () =>
          signals.length === 0 ? `No signal of "${bot}" is known.` : signalTable(signals, session.style, context.now()),
        )
      } else {
        const sums = await intake.sums()
        session.show(sums, () => sumsText(sums, session.style))
      }
    })
}

function signalTable(signals: readonly SignalOfBot[], style: Style, now: Date): string {
  return table(
    [
      { title: 'SIGNAL' },
      { title: 'TRIGGER' },
      { title: 'CAME' },
      { title: 'END' },
      { title: 'RUN' },
      { title: 'REASON' },
    ],
    signals.map(({ signal, trigger, receivedAt, end, run, reason }) => [
      signal,
      trigger,
      relative(receivedAt, now),
      end === null ? style.active('waiting') : paintState(style, end),
      run ?? '',
      clip(printable(reason ?? ''), 80),
    ]),
  )
}

function signalPage(signal: Signal, style: Style): string {
  const { bot, trigger, jobType, receivedAt, end, endedAt, run, reason } = signal
  const took = endedAt === null ? '' : ` after ${duration(endedAt.getTime() - receivedAt.getTime())}`
  return facts([
    ['signal', signal.signal],
    ['bot', bot === null ? null : printable(bot)],
    ['trigger', trigger],
    ['job type', jobType],
    ['received', receivedAt.toISOString()],
    ['end', end === null ? style.active('still waiting') : `${paintState(style, end)}${took}`],
    ['run', run],
    ['reason', reason === null ? null : printable(reason)],
  ])
}
