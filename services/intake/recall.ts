/**
 * A database restored from an older backup has forgotten generations: the launcher, which has not, would ignore them
 * the next time. And it takes requests for open that were granted since: asked for once more, they would take their own place.
 */
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Recall } from '../kit/bus/recall.ts'
import type { Kit } from '../kit/service.ts'
import type { Queryable } from '../kit/store/database.ts'

type Requested = ReceivedEvent<'training.requested'>

export function recallGenerations({ database, log }: Pick<Kit, 'database' | 'log'>): (recall: Recall) => Promise<void> {
  return async (recall) => {
    const forgotten = await recall('training.requested', (events) => aboveRecord(database, events))
    if (forgotten.length === 0) return
    log.error(
      { requests: forgotten.length },
      'the database is older than what was requested, as after a restore from a backup: generations go on above it',
    )
    await database.execute(
      `insert into intake.keys (bot, job_type, generation)
       select bot, job_type, max(generation)
         from unnest($1::text[], $2::text[], $3::bigint[]) as said (bot, job_type, generation)
        group by bot, job_type order by bot, job_type
       on conflict (bot, job_type) do update set generation = greatest(keys.generation, excluded.generation)`,
      columnsOf(forgotten),
    )
    await grantAnew(database, forgotten)
  }
}

/** What is open here and was granted is what was said of it. */
async function grantAnew(database: Queryable, said: readonly Requested[]): Promise<void> {
  await database.execute(
    `with granted as (
       update intake.requests r
          set state = 'requested', state_since = now(), generation = said.generation, dataset = said.dataset,
              work_identity = said.work, problem = null
         from unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) as said (run, generation, dataset, work)
        where r.id = said.run and r.state in ('waiting', 'fetching')
       returning r.id, r.bot, r.job_type, r.generation
     )
     update intake.keys set newest_run = granted.id from granted
      where keys.bot = granted.bot and keys.job_type = granted.job_type and keys.generation = granted.generation`,
    [
      said.map(({ data }) => data.run),
      said.map(({ data }) => data.generation),
      said.map(({ data }) => data.dataset.digest),
      said.map(({ data }) => data.workIdentity),
    ],
  )
}

async function aboveRecord(database: Queryable, events: readonly Requested[]): Promise<Requested[]> {
  const rows = await database.query<{ place: number }>(
    `select place
       from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as said (bot, job_type, generation, place)
       left join intake.keys using (bot, job_type)
      where said.generation > coalesce(keys.generation, 0) order by place`,
    columnsOf(events),
  )
  return rows.flatMap(({ place }) => events[place - 1] ?? [])
}

const columnsOf = (events: readonly Requested[]) => [
  events.map(({ data }) => data.bot),
  events.map(({ data }) => data.jobType),
  events.map(({ data }) => data.generation),
]
