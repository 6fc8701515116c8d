/** A person cancels a run: a queued one ends at once, a running one is told to stop. */

import type { Key, RunId, RunState } from '../../schemas/words.ts'
import { conflict, notFound } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { RunStop } from './facts.ts'
import type { Subject } from './occurrences.ts'
import * as occurrences from './occurrences.ts'
import { reasonOf } from './run-step.ts'
import { stopRuns } from './transitions.ts'

/** @returns the state of the run after this: cancelled, or still running until its attempt has stopped */
export async function cancelRun(
  { database, outbox }: Pick<Kit, 'database' | 'outbox'>,
  run: RunId,
  by: { readonly actor: string; readonly reason: string },
): Promise<'cancelled' | 'running'> {
  const stop: RunStop = { kind: 'cancelled', ...by }
  return database.transaction(async (transaction) => {
    const keys = await transaction.query<{ bot: Key['bot'] }>(
      `select k.bot from launcher.keys k join launcher.runs r on r.bot = k.bot and r.job_type = k.job_type
        where r.run = $1 for update of k`,
      [run],
    )
    if (keys.length === 0) throw notFound(`there is no run ${run}`)
    const ended = await transaction.query<Omit<Subject, 'jobType'> & { job_type: Key['jobType']; ended_at: Date }>(
      `update launcher.runs set state = 'cancelled', stop = $2, ended_at = now()
        where run = $1 and state = 'queued' returning run, bot, job_type, generation, cause, ended_at`,
      [run, JSON.stringify(stop)],
    )
    const row = ended[0]
    if (row) {
      const subject = { ...row, jobType: row.job_type }
      await outbox.append(transaction, [occurrences.stopped(subject, stop, false, row.ended_at.getTime())])
      return 'cancelled'
    }
    if ((await stopRuns(transaction, [{ run, stop }])).length > 0) return 'running'
    const states = await transaction.query<{ state: RunState; stop: RunStop | null }>(
      'select state, stop from launcher.runs where run = $1',
      [run],
    )
    throw tooLate(run, states[0])
  })
}

function tooLate(run: RunId, found: { state: RunState; stop: RunStop | null } | undefined) {
  const { state, stop } = found ?? { state: 'running', stop: null }
  if (state !== 'running') return conflict(`${run} has ended already: ${state}`, { details: { state } })
  if (stop) return conflict(`${run} is stopping already: ${reasonOf(stop)}`, { details: { state } })
  return conflict(`${run} has stored its result already`, {
    hint: 'Reject the model, or roll back.',
    details: { state },
  })
}
