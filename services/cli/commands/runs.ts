import { type Command, Option } from 'commander'
import { runStates } from '../../../schemas/words.ts'
import { Refusal, Unreachable } from '../client/client.ts'
import type { RunFilter } from '../client/console.ts'
import type { Context } from '../context.ts'
import { findRunId } from '../ids.ts'
import { wholeNumber } from '../options.ts'
import { runPage } from '../render/run.ts'
import { runTable } from '../render/runs.ts'
import { openSession, type Session } from '../session.ts'

type ListOptions = { bot?: string; jobType?: string; state?: string; held?: true; limit: number; before?: string }

export function addRuns(program: Command, context: Context): void {
  program
    .command('runs')
    .summary('what was trained, and what became of it')
    .description('Lists runs, newest first: their state, their accuracy, and the change against the champion.')
    .option('--bot <id>', 'only of this bot')
    .option('--job-type <name>', 'only of this job type')
    .addOption(new Option('--state <state>', 'only in this state').choices([...runStates]))
    .option('--held', 'only those whose model waits for a person')
    .option('--limit <n>', 'how many at most', wholeNumber(1, 200), 20)
    .option('--before <run>', 'go on after this one')
    .action(async (options: ListOptions, command: Command) => {
      const session = openSession(command, context)
      const answer = await session.api.console.runs(options satisfies RunFilter)
      const isLive = answer.runs.some(({ state }) => state === 'running')
      const queue =
        isLive && !session.json
          ? await unlessAway(session, 'How far they are', () => session.api.launcher.queue(options.bot))
          : []
      const progress = new Map((queue ?? []).map((entry) => [entry.run, entry.progress]))
      session.show(answer, () =>
        answer.runs.length === 0 ? noRuns(options) : runTable(answer.runs, progress, session.style, context.now()),
      )
      if (answer.next !== null && !session.json) session.note(`There are more: --before ${answer.next}`)
    })

  program
    .command('run')
    .summary('the whole story of a run')
    .description('What led to a run, every attempt, its exam, the verdict and what followed, in the order of time.')
    .argument('<id>', 'the run; the beginning of its id will do')
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(command, context)
      const run = await findRunId(session.api, id)
      const [story, attempts] = await Promise.all([
        session.api.console.run(run),
        unlessAway(session, 'Its attempts', () => session.api.launcher.attempts(run, { remarks: true })),
      ])
      session.show({ ...story, attempts }, () => runPage(story, attempts ?? [], session.style, context.now()))
    })
}

/**
 * What the launcher knows stands beside what the history tells: where there is no launcher, that is said, and the rest shown.
 *
 * @returns null where it could not be asked; nothing where it has not heard of it yet
 */
async function unlessAway<T>(session: Session, what: string, ask: () => Promise<T[]>): Promise<T[] | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Refusal && error.code === 'notFound' && !error.isOfRoute) return []
    const isAway = error instanceof Unreachable || (error instanceof Refusal && error.isOfRoute)
    if (!isAway) throw error
    session.note(`${what} cannot be shown: ${error.message}. ${error.next ?? ''}`.trim())
    return null
  }
}

function noRuns({ bot, jobType, state, held, before }: ListOptions): string {
  const isAll = [bot, jobType, state, held, before].every((condition) => condition === undefined)
  return isAll
    ? 'No runs yet. Tell it about a bot: trainyard publish --bot mine --dataset FILE'
    : 'There is no such run.'
}
