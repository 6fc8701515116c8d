/** The read model of champions: the change with the highest sequence of each key. */
import type { EventData } from '../../schemas/catalogue.ts'
import type { Key } from '../../schemas/words.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { type ChampionView, championOf } from './champion-view.ts'
import type { Told } from './sentences.ts'

/** Brings the champions of all keys that the events are about up to date. */
export async function projectChampions(transaction: Transaction, news: readonly Told[]): Promise<void> {
  const changes = news.filter((event) => event.name === 'model.ready').map(({ data }) => championOf(data))
  if (changes.length === 0) return
  await transaction.execute(
    `insert into console.champions as known (bot, job_type, sequence, run, view)
     select distinct on (bot, job_type) bot, job_type, sequence, run, view
       from jsonb_to_recordset($1) as given (bot text, job_type text, sequence bigint, run text, view jsonb)
      order by bot, job_type, sequence desc
     on conflict (bot, job_type) do update set sequence = excluded.sequence, run = excluded.run, view = excluded.view
      where known.sequence < excluded.sequence`,
    [JSON.stringify(changes.map((view) => ({ ...view, job_type: view.jobType, view })))],
  )
}

/** Champions by bot and job type, going on after a key. */
export async function listChampions(database: Queryable, limit: number, after?: Key): Promise<ChampionView[]> {
  const rows = await database.query<{ view: ChampionView }>(
    'select view from console.champions where (bot, job_type) > ($1, $2) order by bot, job_type limit $3',
    [after?.bot ?? '', after?.jobType ?? '', limit],
  )
  return rows.map(({ view }) => view)
}

export async function championsOf(database: Queryable, bot: string): Promise<ChampionView[]> {
  const rows = await database.query<{ view: ChampionView }>(
    'select view from console.champions where bot = $1 order by job_type',
    [bot],
  )
  return rows.map(({ view }) => view)
}

/** The changes of a key's champion, newest first. */
export async function championChanges(database: Queryable, key: Key, limit: number): Promise<ChampionView[]> {
  const rows = await database.query<{ data: EventData<'model.ready'> }>(
    `select data from console.events where type = 'model.ready' and bot = $1 and job_type = $2
      order by (data ->> 'sequence')::bigint desc limit $3`,
    [key.bot, key.jobType, limit],
  )
  return rows.map(({ data }) => championOf(data))
}
