/** A long history, made by PostgreSQL from one run's life: what the console would have after so many runs like it. */
import { committedCodec } from '../../schemas/codec.ts'
import { record } from '../../services/console/history.ts'
import { receive } from '../../services/kit/bus/events.ts'
import type { Database } from '../../services/kit/store/database.ts'
import { messageOf, promotedLife } from './given.ts'

export interface Filling {
  readonly runs: number
  readonly bots: number
}

// Ids have ten characters of a-z and 2-7: the hexadecimal digits that are not among them stand for g to j.
const fillings = `
  create temporary table filling on commit drop as
  select n, run, bot, job_type, state, model_state, begun_at,
         jsonb_build_object('run', run, 'bot', bot, 'jobType', job_type, 'sequence', n) as changes
    from (select n, 'run-' || translate(lpad(to_hex(n), 10, '0'), '0189', 'ghij') as run,
                 'bot-' || n % bots as bot,
                 case when n % 10 = 0 then 'nightly' else 'intents' end as job_type,
                 (array['succeeded', 'succeeded', 'succeeded', 'failed', 'superseded'])[1 + n % 5] as state,
                 case when n % 5 > 2 then null when n % 1000 = 0 then 'held' else 'promoted' end as model_state,
                 date_trunc('milliseconds', now()) - make_interval(mins => runs - n) as begun_at
            from (values (RUNS, BOTS)) as size (runs, bots), generate_series(1, runs) n) numbered`

/** Fills an empty history with finished runs, all their events, and the champion of each key. */
export async function fillHistory(database: Database, { runs, bots }: Filling): Promise<void> {
  const life = promotedLife({ letter: 'a' }).map((event) =>
    receive({ ...messageOf(event), partition: 0, offset: 0, key: null, timestamp: new Date() }, committedCodec),
  )
  await database.transaction(async (transaction) => {
    await record(transaction, life)
    await transaction.script(fillings.replace('RUNS', String(runs)).replace('BOTS', String(bots)))
    await transaction.execute(
      `insert into console.champions (bot, job_type, sequence, run, view)
       select distinct on (filling.bot, filling.job_type) filling.bot, filling.job_type, n, filling.run, template.view || changes
         from filling, console.champions template order by filling.bot, filling.job_type, n desc`,
    )
    await transaction.execute(
      `insert into console.runs (run, bot, job_type, state, model_state, begun_at, last_at, view)
       select filling.run, filling.bot, filling.job_type, filling.state, filling.model_state, filling.begun_at,
              filling.begun_at, template.view || changes || jsonb_build_object('state', filling.state)
         from filling, console.runs template`,
    )
    await transaction.execute(
      `insert into console.events (position, id, type, bot, job_type, run, signal, time, cause, chain, data)
       select (select max(position) from console.events) + row_number() over (order by n, template.position),
              template.type || n, type, filling.bot, filling.job_type, filling.run, template.signal, filling.begun_at,
              template.cause, template.chain, template.data || changes || jsonb_build_object('evaluation', 'eval-' || lpad(to_hex(n), 16, '0'))
         from filling, console.events template`,
    )
    await transaction.execute('update console.head set position = (select max(position) from console.events)')
    await transaction.execute("delete from console.champions where bot = 'shop'")
    await transaction.execute("delete from console.runs where bot = 'shop'")
    await transaction.execute("delete from console.events where bot = 'shop'")
  })
  await database.execute('analyze console.runs, console.events, console.champions')
}
