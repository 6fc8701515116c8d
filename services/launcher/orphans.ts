/**
 * Looks at what the executor carries and nobody waits for. What the ledger knows nothing of is named, and nobody here may
 * end it. What was released and is there again was made by a launcher that had stood still, or came late over the network:
 * it has no effect any more, and goes the way of every attempt whose end is on record.
 */
import type { AttemptName } from '../../schemas/words.ts'
import type { Kit } from '../kit/service.ts'
import type { Executor } from './executor/executor.ts'
import { takeBack } from './transitions.ts'

/** What was released just now may still be on the list, which is read before. */
const settledSeconds = 10

export interface OrphanNeeds extends Pick<Kit, 'database' | 'log'> {
  readonly executor: Executor
}

/** @returns the work of a loop; each orphan is told once */
export function makeOrphanWatch({ database, log, executor }: OrphanNeeds): () => Promise<undefined> {
  const told = new Set<AttemptName>()
  return async () => {
    const there = await executor.list()
    for (const attempt of await takeBack(database, there, settledSeconds)) {
      log.warn({ attempt, place: executor.place }, 'an attempt that was over is there again; it is taken away')
    }
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
