/** Looks after what should not be: requests that stay too long in a state are told of (I6), and the tally is folded. */
import type { Kit } from '../kit/service.ts'
import type { Queryable } from '../kit/store/database.ts'
import { foldTally } from './sums.ts'

/**
 * How long a request may be overdue in its state, in seconds: since it was due, or, where it was put off because it could
 * not go on, since it waits. Fetching ends by itself: see `fetchLimits`. Requested: since nobody has said anything of its run,
 * as where the topic was lost, and all that asks for the same work is coalesced into it.
 */
const overdueSeconds = { waiting: 600, fetching: 1_800, requested: 1_800 } as const
export const watchedStates = ['waiting', 'fetching', 'requested'] as const

type OverdueRow = {
  id: string
  bot: string
  job_type: string
  state: (typeof watchedStates)[number]
  seconds: number
}

export async function overdue(database: Queryable): Promise<OverdueRow[]> {
  return await database.query<OverdueRow>(
    `select id, bot, job_type, state, extract(epoch from now() - since) as seconds
       from (select *, case when state = 'waiting' and problem is null then due_at else state_since end as since
               from intake.requests
              where state in ('waiting', 'fetching')
                 or state = 'requested' and coalesce(run_state, 'queued') = 'queued' and run_state is null) as open
      where since < now() - make_interval(secs => ($1::jsonb ->> state)::integer)
      order by seconds desc limit 1000`,
    [JSON.stringify(overdueSeconds)],
  )
}

/** Each is told once by this process; the metric goes on telling. */
export function makeWatch({ database, log }: Pick<Kit, 'database' | 'log'>): () => Promise<number | undefined> {
  let told: ReadonlySet<string> = new Set()
  return async () => {
    const unfolded = await foldTally(database)
    const late = await overdue(database)
    for (const { id, bot, job_type: jobType, state, seconds } of late) {
      if (told.has(id)) continue
      log.warn(
        { run: id, bot, jobType, state, seconds: Math.round(seconds) },
        'a request stays in its state for too long',
      )
    }
    told = new Set(late.map(({ id }) => id))
    return unfolded ? 0 : undefined
  }
}
