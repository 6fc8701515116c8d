import type { Key, RunId } from '../../../schemas/words.ts'
import type { Queryable, Transaction } from '../../kit/store/database.ts'

export type PersonAction = 'approve' | 'reject' | 'rollback' | 'unpin'

/** What a person decided, with the champion that was in force before it. */
export type PersonDecision = {
  readonly action: PersonAction
  readonly run: RunId | null
  readonly actor: string
  readonly reason: string
  readonly championSequence: number
}

export async function recordDecision(transaction: Transaction, key: Key, decision: PersonDecision): Promise<void> {
  const { action, run, actor, reason, championSequence } = decision
  await transaction.execute(
    `insert into promoter.decisions (bot, job_type, action, run, actor, reason, champion_sequence)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [key.bot, key.jobType, action, run, actor, reason, championSequence],
  )
}

/**
 * Whether the very same decision was made before: same person, same words, same champion before their eyes. Then the
 * answer to it was lost, and it is sent again. Without a run, one about any run counts.
 */
export async function wasMade(
  transaction: Transaction,
  { bot, jobType }: Key,
  { action, run, actor, reason, championSequence }: PersonDecision,
): Promise<boolean> {
  const rows = await transaction.query(
    `select from promoter.decisions
      where bot = $1 and job_type = $2 and action = $3 and ($4::text is null or run = $4) and actor = $5 and reason = $6
        and champion_sequence = $7
      limit 1`,
    [bot, jobType, action, run, actor, reason, championSequence],
  )
  return rows.length > 0
}

/** The newest first. */
export async function decisionsOf(
  database: Queryable,
  { bot, jobType }: Key,
  limit: number,
): Promise<(PersonDecision & { readonly decidedAt: Date })[]> {
  return await database.query(
    `select action, run, actor, reason, champion_sequence as "championSequence", decided_at as "decidedAt"
       from promoter.decisions where bot = $1 and job_type = $2 order by id desc limit $3`,
    [bot, jobType, limit],
  )
}
