/** What the executor says of attempts that go on: asked for when somebody wants to know, and kept once they have ended. */
import type { AttemptName, RunId } from '../../schemas/words.ts'
import type { Kit } from '../kit/service.ts'
import type { Executor, Remark } from './executor/executor.ts'

/** Nobody waits longer for what only explains. */
const longestMs = 3_000

export async function remarksNow(
  { database, clock }: Pick<Kit, 'database' | 'clock'>,
  executor: Pick<Executor, 'remarks'>,
  run: RunId,
): Promise<ReadonlyMap<AttemptName, readonly Remark[]>> {
  const rows = await database.query<{ attempt: AttemptName }>(
    `select attempt from launcher.attempts
      where run = $1 and placed_at is not null and released_at is null and remarks = '[]'`,
    [run],
  )
  const enough = new AbortController()
  const late = clock.sleep(longestMs, enough.signal).then((): readonly Remark[] => [])
  const asked = rows.map(async ({ attempt }) => {
    const remarks = await Promise.race([executor.remarks(attempt).catch((): readonly Remark[] => []), late])
    return [attempt, remarks] as const
  })
  try {
    return new Map(await Promise.all(asked))
  } finally {
    enough.abort()
  }
}
