import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { findRun } from '../ids.ts'
import { evaluationPage } from '../render/evaluation.ts'
import { openSession, type Session } from '../session.ts'

export function addEvaluation(program: Command, context: Context): void {
  program
    .command('evaluation')
    .summary('how good a model is, beside the champion')
    .description(
      'The figures of candidate and champion in the same exam, their difference and what it means, the worst ' +
        'confusions, and the confusion matrix.',
    )
    .argument('<id>', 'an evaluation, or the run whose evaluation is meant; the beginning of either will do')
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(command, context)
      const document = await session.api.console.evaluation(await evaluationOf(session, id))
      session.show(document, () => evaluationPage(document, session.style, context.terminal.columns))
    })
}

async function evaluationOf(session: Session, id: string): Promise<string> {
  if (/^eval-[0-9a-f]{16}$/.test(id)) return id
  const run = await findRun(session.api, id)
  if (run.evaluation !== null) return run.evaluation.evaluation
  throw new CommandFailure(`${run.run} has no evaluation: it is ${run.state}`, {
    next: `Look at it with "trainyard run ${run.run}".`,
  })
}
