/**
 * Sends dead letters back to where they came from, for the consumers that can understand them by now. Sending and
 * marking are one transaction, so a letter that is marked was sent and one that was sent is marked.
 */
import type { OutgoingMessage } from '../../kit/bus/bus.ts'
import { headersOfJson } from '../../kit/bus/headers.ts'
import type { Outbox } from '../../kit/bus/outbox.ts'
import { badInput, conflict, notFound } from '../../kit/errors.ts'
import type { Transaction } from '../../kit/store/database.ts'
import { whereOf } from '../where.ts'
import { replayOf } from './letter.ts'
import { conditionsOf, type LetterFilter, replaysOf, type WholeLetter } from './store.ts'

export interface Person {
  readonly actor: string
  readonly reason: string
}

export interface Sendable {
  readonly id: number
  readonly message: OutgoingMessage
}

const columns = 'id, topic, key, headers, value, replays'
type Row = Pick<WholeLetter, 'id' | 'topic' | 'key' | 'headers' | 'value' | 'replays'>

const replayOfRow = (row: Row) => replayOf({ ...row, headers: headersOfJson(row.headers) })

/**
 * @param force sends it once more when it has been replayed before
 * @throws notFound, conflict when it was replayed before, badInput when it can't be sent back
 */
export async function replayLetter(
  transaction: Transaction,
  outbox: Outbox,
  id: number,
  person: Person,
  force: boolean,
): Promise<{ topic: string }> {
  const [row] = await transaction.query<Row>(`select ${columns} from console.dead_letters where id = $1 for update`, [
    id,
  ])
  if (!row)
    throw notFound(`there is no dead letter ${id}`, {
      hint: '"trainyard dead-letters list" lists them (GET /dead-letters).',
    })
  if (row.replays > 0 && !force) {
    throw conflict(`the dead letter ${id} was replayed before`, {
      hint: 'To replay it again all the same, say --force ("force": true).',
      details: { replays: await replaysOf(transaction, id) },
    })
  }
  const replay = replayOfRow(row)
  if ('refusal' in replay) throw badInput(`the dead letter ${id} cannot be replayed: ${replay.refusal}`)
  await sendBack(transaction, outbox, [{ id, message: replay.message }], person)
  return { topic: replay.message.topic }
}

export interface Selection {
  readonly sendable: readonly Sendable[]
  readonly refused: readonly { readonly id: number; readonly reason: string }[]
  /** Where the next selection begins; null when this one is the last. */
  readonly next: number | null
}

export interface SelectionLimits {
  readonly letters: number
  /** Of the values together, beside the last one: they are held at once, several times over. */
  readonly bytes: number
}

/** Those that were never replayed, oldest first, above one id and up to another; locked until the transaction ends. */
export async function selectLetters(
  transaction: Transaction,
  filter: LetterFilter,
  limits: SelectionLimits,
  { after, upTo }: { readonly after?: number | undefined; readonly upTo?: number | undefined },
): Promise<Selection> {
  const { where, values } = whereOf([
    ...conditionsOf({ ...filter, waiting: true }),
    ['id > ?', after],
    ['id <= ?', upTo],
  ])
  const found = await transaction.query<{ id: number; bytes: number }>(
    `select id, coalesce(octet_length(value), 0) as bytes from console.dead_letters ${where} order by id limit $${values.length + 1}`,
    [...values, limits.letters + 1],
  )
  const ids = withinLimits(found, limits)
  // Asked once more with the lock: another may have replayed one of them in between.
  const rows = await transaction.query<Row>(
    `select ${columns} from console.dead_letters ${where} and id = any($${values.length + 1}) order by id for update`,
    [...values, ids],
  )
  const sendable: Sendable[] = []
  const refused: { id: number; reason: string }[] = []
  for (const row of rows) {
    const replay = replayOfRow(row)
    if ('refusal' in replay) refused.push({ id: row.id, reason: replay.refusal })
    else sendable.push({ id: row.id, message: replay.message })
  }
  return { sendable, refused, next: ids.length < found.length ? (ids.at(-1) ?? null) : null }
}

function withinLimits(found: readonly { id: number; bytes: number }[], limits: SelectionLimits): number[] {
  const ids: number[] = []
  let bytes = 0
  for (const letter of found) {
    if (ids.length === limits.letters || bytes >= limits.bytes) break
    ids.push(letter.id)
    bytes += letter.bytes
  }
  return ids
}

export async function sendBack(
  transaction: Transaction,
  outbox: Outbox,
  letters: readonly Sendable[],
  { actor, reason }: Person,
): Promise<void> {
  await outbox.publishRaw(
    transaction,
    letters.map(({ message }) => message),
  )
  await transaction.execute(
    `with replayed as (
       update console.dead_letters set replays = replays + 1 where id = any($1) returning id, replays)
     insert into console.dead_letter_replays (dead_letter, number, actor, reason)
     select id, replays, $2, $3 from replayed`,
    [letters.map(({ id }) => id), actor, reason],
  )
}
