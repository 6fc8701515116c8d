/** Names what the executor carries and the ledger knows nothing of: nobody waits for it, and nobody here may end it. */
import type { AttemptName } from '../../schemas/words.ts'
import type { Kit } from '../kit/service.ts'
import type { Executor } from './executor/executor.ts'

export interface OrphanNeeds extends Pick<Kit, 'database' | 'log'> {
  readonly executor: Executor
}

/** @returns the work of a loop; each orphan is told once */
export function makeOrphanWatch({ database, log, executor }: OrphanNeeds): () => Promise<undefined> {
  const told = new Set<AttemptName>()
  return async () => {
    const there = await executor.list()
    const orphans = await database.query<{ attempt: AttemptName }>(
      `select attempt from unnest($1::text[]) as there (attempt)
        where not exists (select from launcher.attempts a where a.attempt = there.attempt)`,
      [there],
    )
    for (const { attempt } of orphans) {
      if (told.has(attempt)) continue
      told.add(attempt)
      log.warn(
        { attempt, place: executor.place },
        'an attempt is here that no record tells of, as after a restore from a backup: delete it by hand if nobody needs it',
      )
    }
    return undefined
  }
}
