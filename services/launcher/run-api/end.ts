/** What a runner says while its attempt goes on, and how it says the end when there is no result. */
import type { z } from 'zod'
import type { EndRequest, HeartbeatRequest, HeartbeatResponse } from '../../../schemas/run-api.ts'
import type { AttemptName, AttemptOutcome } from '../../../schemas/words.ts'
import { conflict } from '../../kit/errors.ts'
import type { Queryable } from '../../kit/store/database.ts'
import type { LauncherKit } from '../points.ts'
import { refusal } from './access.ts'
import { requireStored } from './commit.ts'

/** Also after the commit: the runner may not have heard of it yet. */
export async function heartbeat(
  { database }: LauncherKit,
  attempt: AttemptName,
  { runner, progress }: z.infer<typeof HeartbeatRequest>,
): Promise<HeartbeatResponse> {
  const rows = await database.query<{ stop: string | null }>(
    `update launcher.attempts
        set heartbeat_at = now(), progress = case when state = 'claimed' then greatest(progress, $3) else progress end
      where attempt = $1 and runner = $2 and (state = 'claimed' or outcome = 'done')
      returning stop`,
    [attempt, runner, progress],
  )
  const row = rows[0]
  if (!row) throw await refusal(database, attempt, runner)
  return row
}

/**
 * An attempt that was told to stop ends as stopped, whatever it ended with; its saved work is kept all the same.
 *
 * @returns undefined when it was told before: the answer may have been lost on its way
 */
export async function end(
  kit: LauncherKit,
  attempt: AttemptName,
  { runner, outcome, exitCode, signal, reason, checkpoint }: z.infer<typeof EndRequest>,
): Promise<AttemptOutcome | undefined> {
  const { database, point } = kit
  if (outcome === 'done' || outcome === 'lost') {
    throw conflict(`an attempt is not ended as ${outcome} by its runner`, {
      hint: 'A result is committed: POST …/commit.',
    })
  }
  await requireStored(
    kit,
    attempt,
    checkpoint.map(({ digest }) => digest),
  )
  const rows = await database.query<{ outcome: AttemptOutcome }>(
    `update launcher.attempts
        set state = 'ended', ended_at = now(), outcome = case when stop is null then $3 else 'stopped' end,
            reason = coalesce(stop, $4), exit_code = $5, signal = $6, checkpoint = $7
      where attempt = $1 and runner = $2 and state = 'claimed'
      returning outcome`,
    [attempt, runner, outcome, reason, exitCode, signal, JSON.stringify(checkpoint)],
  )
  if (!rows[0] && !(await hasEnded(database, attempt, runner))) throw await refusal(database, attempt, runner)
  await point('launcher.attempt.ended')
  return rows[0]?.outcome
}

async function hasEnded(database: Queryable, attempt: AttemptName, runner: string): Promise<boolean> {
  const rows = await database.query(
    "select from launcher.attempts where attempt = $1 and runner = $2 and state = 'ended' and outcome <> 'done'",
    [attempt, runner],
  )
  return rows.length > 0
}
