/**
 * What was said of champions and what is on record may part in two ways:
 * - a database restored from an older backup has forgotten champions. Downstream ignores a sequence not above the last it
 *   saw, so the next one goes on above all that were said; and the champion that is in force by the record is said again
 *   under it, since the models of those that were forgotten are gone with them;
 * - a topic that was lost and made anew holds none. Then each champion is said once more.
 */
import type { Key } from '../../schemas/words.ts'
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Recall } from '../kit/bus/recall.ts'
import type { Kit } from '../kit/service.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { ready } from './occurrences.ts'
import { addChampion, championBefore, keysWithChampion, lockKey, noteSaid } from './store/keys.ts'

type Said = ReceivedEvent<'model.ready'>
type Needs = Pick<Kit, 'database' | 'outbox' | 'origin' | 'log'>

export function recallChampions({ database, outbox, origin, log }: Needs): (recall: Recall) => Promise<void> {
  async function sayAgain(transaction: Transaction, { data }: Said): Promise<void> {
    await noteSaid(transaction, data, data.sequence)
    const key = await lockKey(transaction, data)
    if (!key?.champion || key.championSequence >= data.sequence) return
    const { run, decidedBy, actor } = key.champion
    const reason = `said again: the database was restored from a backup that does not know sequence ${data.sequence}`
    const next = { sequence: key.nextSequence, run, decidedBy, actor, reason }
    const decidedAt = await addChampion(transaction, key, next)
    const replaced = { ...key.champion, run: data.run, sequence: data.sequence, model: data.model }
    const champion = { ...key.champion, ...next, decidedAt }
    await outbox.append(transaction, [ready({ ...key, champion: replaced }, champion, origin())])
  }

  async function sayOnceMore(transaction: Transaction, named: Key): Promise<void> {
    const key = await lockKey(transaction, named)
    if (!key?.champion) return
    const before = await championBefore(transaction, key)
    await outbox.append(transaction, [ready({ ...key, champion: before ?? null }, key.champion, origin())])
  }

  return async (recall) => {
    let isEmpty = true
    const forgotten = await recall('model.ready', (events) => {
      isEmpty &&= events.length === 0
      return aboveRecord(database, events)
    })
    const lost = isEmpty ? await keysWithChampion(database) : []
    if (lost.length > 0)
      log.warn({ champions: lost.length }, 'the topic of champions holds none: they are said once more')
    for (const key of lost) await database.transaction((transaction) => sayOnceMore(transaction, key))
    for (const event of newestOfEach(forgotten)) {
      const { bot, jobType, sequence, run } = event.data
      log.error(
        { bot, jobType, sequence, run },
        'a champion that was said is not in the database, as after a restore from a backup: sequences go on above it',
      )
      await database.transaction((transaction) => sayAgain(transaction, event))
    }
  }
}

function newestOfEach(events: readonly Said[]): Said[] {
  const newest = new Map<string, Said>()
  for (const event of events) {
    const key = nameOf(event.data)
    if (event.data.sequence > (newest.get(key)?.data.sequence ?? 0)) newest.set(key, event)
  }
  return [...newest.values()]
}

const nameOf = ({ bot, jobType }: Key) => `${jobType}/${bot}`

async function aboveRecord(database: Queryable, events: readonly Said[]): Promise<Said[]> {
  const rows = await database.query<{ place: number }>(
    `select place
       from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as said (bot, job_type, sequence, place)
       left join promoter.keys using (bot, job_type)
      where said.sequence > coalesce(greatest(keys.champion_sequence, keys.said_sequence), 0) order by place`,
    [
      events.map(({ data }) => data.bot),
      events.map(({ data }) => data.jobType),
      events.map(({ data }) => data.sequence),
    ],
  )
  return rows.flatMap(({ place }) => events[place - 1] ?? [])
}
