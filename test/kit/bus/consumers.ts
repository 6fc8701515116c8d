import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { committedCodec } from '../../../schemas/codec.ts'
import type { Batch, RawMessage } from '../../../services/kit/bus/bus.ts'
import {
  type ConsumerOptions,
  type Handle,
  type Handling,
  makeSubscription,
} from '../../../services/kit/bus/consumer.ts'
import { makeOutbox } from '../../../services/kit/bus/outbox.ts'
import { makeParkedLoop } from '../../../services/kit/bus/parked.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import { migrate } from '../../../services/kit/store/migrate.ts'
import { testDatabase } from '../../harness/database.ts'

const folder = new URL('../../../services/kit/bus/service-migrations/', import.meta.url)
const signal = new AbortController().signal

/** Consumers of one group on a database of their own; each text that `judge` lets pass is an effect. */
export async function consumersFor(
  t: TestContext,
  judge: (text: string) => void | Promise<void>,
  more: Partial<Handling> = {},
) {
  const database = await testDatabase(t, [])
  await migrate(database, 'yard', folder)
  await database.execute('create table yard.effects (place bigint generated always as identity, text text)')
  const outbox = makeOutbox({
    service: 'yard',
    codec: committedCodec,
    clock: systemClock,
    random: systemRandom,
    wake: () => {},
  })
  const handle: Handle = async (transaction, messages) => {
    for (const { value } of messages) {
      await judge(String(value))
      await transaction.execute('insert into yard.effects (text) values ($1)', [String(value)])
    }
  }
  const options: ConsumerOptions = {
    service: 'yard',
    group: 'group',
    topics: ['things'],
    from: 'beginning',
    gatherMs: 0,
    database,
    outbox,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    point: async () => {},
    handling: { prepare: async () => handle, ...more },
  }
  const parkedLoop = makeParkedLoop(options)
  return {
    database,
    options,
    parkedLoop,
    open: () => makeSubscription(options),
    effects: async () =>
      (await database.query<{ text: string }>('select text from yard.effects order by place')).map(({ text }) => text),
    letters: () =>
      database.query<{ key: Buffer; value: Buffer; headers: Record<string, string> }>(
        'select key, value, headers from yard.outbox order by id',
      ),
    parked: async () =>
      (await database.query<{ value: Buffer }>('select value from yard.parked order by id')).map(({ value }) =>
        String(value),
      ),
    /** Makes every line due, as time would, and looks until nothing is due any more. */
    async tryParked() {
      await database.execute('update yard.parked_lines set due_at = now()')
      while ((await parkedLoop.work(signal)) === 0);
    },
  }
}

export interface Given {
  readonly topic?: string
  readonly first?: number
  /** Every message's key; null: none. */
  readonly key?: string | null
}

/** Messages of one partition, one after another. A text such as `a:1` has the key `a`. */
export function batchOf(texts: readonly string[], { topic = 'things', first = 0, key }: Given = {}): Batch {
  const messages = texts.map((text, index): RawMessage => {
    const own = key === undefined ? (text.split(':')[0] ?? text) : key
    return {
      topic,
      partition: 0,
      offset: first + index,
      key: own === null ? null : Buffer.from(own),
      headers: { own: 'header' },
      value: Buffer.from(text),
      timestamp: new Date(0),
    }
  })
  return { topic, partition: 0, messages, nextOffset: first + texts.length }
}
