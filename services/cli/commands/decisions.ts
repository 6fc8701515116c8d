/** What a person decides: approve, reject, rollback, unpin, cancel. Each carries who and why. */
import { type Command, InvalidArgumentError } from 'commander'
import { shellWord } from '../../kit/shell-word.ts'
import { Refusal } from '../client/client.ts'
import type { KeyState } from '../client/promoter.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { findRun, findRunId } from '../ids.ts'
import { wholeNumber } from '../options.ts'
import { openSession, type Session } from '../session.ts'

type Reason = { reason: string }
type RollbackOptions = Reason & { jobType?: string; to?: RollbackTarget; from?: number; pin: boolean }
type RollbackTarget = { run: string } | { sequence: number }

export function addDecisions(program: Command, context: Context): void {
  for (const what of ['approve', 'reject'] as const) {
    withReason(program.command(what))
      .summary(what === 'approve' ? 'put a held model in force' : 'refuse a held model')
      .description(
        what === 'approve'
          ? 'Puts a model in force that is held for a person to decide.'
          : 'Refuses a model that is held for a person to decide.',
      )
      .argument('<run>', 'the run whose model it is; the beginning of its id will do')
      .action(async (id: string, { reason }: Reason, command: Command) => {
        const session = openSession(command, context)
        const { run, bot, jobType } = await findRun(session.api, id)
        const { championSequence } = await keyOf(session, bot, jobType)
        const decision = { actor: session.actor, reason, championSequence }
        const model = await explained(session.api.promoter.decide(run, what, decision), bot)
        session.show(model, () =>
          what === 'approve'
            ? `The model of ${run} is in force for ${bot} (${jobType}).`
            : `The model of ${run} is rejected; the champion of ${bot} (${jobType}) stays.`,
        )
      })
  }

  withReason(program.command('rollback'))
    .summary('put an earlier model in force again, and hold the machines back')
    .description(
      'Puts an earlier champion in force again. The key is pinned with it: machines then only hold, until "unpin". ' +
        'A second rollback goes one further back; to go forward again, name the champion with --to.',
    )
    .argument('<bot>', 'the bot')
    .option('--job-type <name>', 'needed where the bot has several')
    .option(
      '--to <run or number>',
      'the champion to go back to (default: the one before, of an older generation)',
      rollbackTarget,
    )
    .option(
      '--from <number>',
      'the champion to leave: nothing happens where another is in force by now (default: the one that is)',
      wholeNumber(1),
    )
    .option('--no-pin', 'let machines go on promoting newer models')
    .action(async (bot: string, { reason, jobType: given, to, from, pin }: RollbackOptions, command: Command) => {
      const session = openSession(command, context)
      const { jobType, championSequence } = await keyOf(session, bot, given)
      const left = from ?? championSequence
      const decision = { actor: session.actor, reason, championSequence: left, jobType, pin, ...(to ?? {}) }
      const rolledBack = session.api.promoter.rollback(bot, decision).catch((error: unknown) => {
        throw mayHaveLeft(left, error)
      })
      const key = await explained(rolledBack, bot)
      session.show(key, () => {
        const champion = key.champion === null ? '' : `: ${key.champion.run} is champion number ${key.championSequence}`
        const pinned =
          key.pin === null
            ? ''
            : `\nIt is pinned; let machines promote again with: trainyard unpin ${shellWord(bot)} --reason …`
        return `${bot} (${jobType}) is rolled back${champion}.${pinned}`
      })
    })

  withReason(program.command('unpin'))
    .summary('let machines promote again')
    .description('Takes away the pin that a rollback has left, so that machines promote again.')
    .argument('<bot>', 'the bot')
    .option('--job-type <name>', 'needed where the bot has several')
    .action(async (bot: string, { reason, jobType: given }: Reason & { jobType?: string }, command: Command) => {
      const session = openSession(command, context)
      const { jobType, championSequence } = await keyOf(session, bot, given)
      const decision = { actor: session.actor, reason, championSequence, jobType }
      const key = await explained(session.api.promoter.unpin(bot, decision), bot)
      session.show(key, () => `${bot} (${jobType}) is no longer pinned.`)
    })

  withReason(program.command('cancel'))
    .summary('stop a run')
    .description('Stops a run, whether it is queued or running.')
    .argument('<run>', 'the run; the beginning of its id will do')
    .action(async (id: string, { reason }: Reason, command: Command) => {
      const session = openSession(command, context)
      const run = await findRunId(session.api, id)
      const answer = await session.api.launcher.cancel(run, { actor: session.actor, reason })
      session.show(answer, () =>
        answer.state === 'cancelled'
          ? `${run} is cancelled: it had not started.`
          : `${run} is told to stop. How it ends: trainyard run ${run}`,
      )
    })
}

const withReason = (command: Command): Command => command.requiredOption('--reason <text>', 'why, for the record')

/** The key's facts as they are now: what a decision is made against. */
async function keyOf(session: Session, bot: string, jobType: string | undefined): Promise<KeyState> {
  const keys = (await session.api.promoter.keys(bot)).filter((key) => jobType === undefined || key.jobType === jobType)
  const [only, another] = keys
  if (only === undefined) {
    const of = jobType === undefined ? '' : ` of job type ${jobType}`
    throw new CommandFailure(`no model${of} of "${bot}" was ever judged`, {
      next: `See "trainyard why ${shellWord(bot)}".`,
    })
  }
  if (another !== undefined) {
    const names = keys.map((key) => key.jobType).join(', ')
    throw new CommandFailure(`${bot} has several job types (${names})`, { next: 'Say which one with --job-type.' })
  }
  return only
}

/** Somebody, or a machine, was faster: the decision is not carried over to a champion that the person has not seen. */
async function explained<T>(decision: Promise<T>, bot: string): Promise<T> {
  try {
    return await decision
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'conflict' || error.next !== undefined) throw error
    throw new CommandFailure(error.message, {
      next: `Look at it with "trainyard why ${shellWord(bot)}", then decide again.`,
      cause: error,
    })
  }
}

/** Done once more without a word, a rollback whose answer was lost would go one model further back. */
function mayHaveLeft(champion: number, error: unknown): unknown {
  if (!(error instanceof CommandFailure) || (error instanceof Refusal && error.status < 500)) return error
  const again = `It may have been done all the same: repeat it with --from ${champion}, and it is not done twice.`
  return new CommandFailure(error.message, { next: [error.next, again].filter(Boolean).join(' '), cause: error })
}

function rollbackTarget(text: string): RollbackTarget {
  if (/^#?\d+$/.test(text)) return { sequence: Number(text.replace('#', '')) }
  if (/^run-[a-z2-7]{10}$/.test(text)) return { run: text }
  throw new InvalidArgumentError('Expected a run, or the number of a champion as in "trainyard champions --bot".')
}
