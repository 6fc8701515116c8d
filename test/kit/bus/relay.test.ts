import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { committedCodec } from '../../../schemas/codec.ts'
import { type Bus, MessageRefused, type OutgoingMessage } from '../../../services/kit/bus/bus.ts'
import { makeOutbox } from '../../../services/kit/bus/outbox.ts'
import { makeRelay } from '../../../services/kit/bus/relay.ts'
import { makeOutboxPruning } from '../../../services/kit/bus/retention.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import type { Database } from '../../../services/kit/store/database.ts'
import { migrate } from '../../../services/kit/store/migrate.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'

const folder = new URL('../../../services/kit/bus/service-migrations/', import.meta.url)
const signal = new AbortController().signal

async function yardFor(t: TestContext, { publishLimitMs = 0, clock = systemClock } = {}) {
  const database = await testDatabase(t, [])
  await migrate(database, 'yard', folder)
  const outbox = makeOutbox({
    service: 'yard',
    codec: committedCodec,
    clock: systemClock,
    random: systemRandom,
    wake: () => {},
  })
  const published: string[] = []
  let refusing = false
  let point: (name: string) => Promise<void> = async () => {}
  let tooLarge = ''
  const bus: Bus = {
    publishLimitMs,
    async publish(messages) {
      if (refusing) throw new Error('refused')
      const texts = messages.map(({ value }) => String(value))
      const index = texts.indexOf(tooLarge)
      if (index >= 0) throw new MessageRefused(index, `${texts[index]} is too large`)
      published.push(...texts)
    },
    peek: async () => [],
    subscribe: async () => ({ stop: async () => {} }),
    close: async () => {},
  }
  return {
    database,
    published,
    refuse: (value: boolean) => {
      refusing = value
    },
    takeNever: (text: string) => {
      tooLarge = text
    },
    interrupt: (next: (name: string) => Promise<void>) => {
      point = next
    },
    say: (texts: readonly string[], topic = 'things') =>
      database.transaction((transaction) =>
        outbox.publishRaw(
          transaction,
          texts.map(
            (text): OutgoingMessage => ({
              topic,
              key: Buffer.from(text[0] ?? ''),
              headers: {},
              value: Buffer.from(text),
            }),
          ),
        ),
      ),
    relay(own: Database = database) {
      const relay = makeRelay({
        service: 'yard',
        database: own,
        bus,
        clock,
        log: pino({ level: 'silent' }),
        point: (name) => point(name),
        pollMs: 1000,
      })
      cleanup(t, () => relay.stop())
      return relay
    },
  }
}

test('what is said is published in the order in which it was said, once', async (t) => {
  const yard = await yardFor(t)
  const relay = yard.relay()
  await yard.say(['a1', 'b1'])
  await yard.say(['a2'])
  while ((await relay.work(signal)) === 0);
  await yard.say(['b2'])
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'b1', 'a2', 'b2'])
})

test('a refused message goes first when the bus is back', async (t) => {
  const yard = await yardFor(t)
  const relay = yard.relay()
  await yard.say(['a1'])
  yard.refuse(true)
  await assert.rejects(relay.work(signal), /refused/)
  await yard.say(['a2'])
  yard.refuse(false)
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'a2'])
})

test('a relay that is cut off between publishing and marking says it again and loses nothing', async (t) => {
  const yard = await yardFor(t)
  const relay = yard.relay()
  await yard.say(['a1', 'a2'])
  yard.interrupt(async () => {
    throw new Error('cut off')
  })
  await assert.rejects(relay.work(signal), /cut off/)
  yard.interrupt(async () => {})
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'a2', 'a1', 'a2'])
})

test('one relay publishes at a time; when it goes, another takes over and says the newest champions again', async (t) => {
  const yard = await yardFor(t)
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1', 'a2', 'b1'], 'trainyard.champions')
  while ((await first.work(signal)) === 0);
  assert.equal(await second.work(signal), undefined)
  assert.deepEqual(yard.published, ['a1', 'a2', 'b1'])
  await first.stop()
  await eventually(async () => {
    await second.work(signal)
    return yard.published.length > 3
  })
  assert.deepEqual(yard.published.slice(3), ['a2', 'b1'])
})

test('a take-over that fails half way is made up for', async (t) => {
  const yard = await yardFor(t)
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1', 'a2'], 'trainyard.champions')
  while ((await first.work(signal)) === 0);
  await first.stop()
  yard.refuse(true)
  await eventually(async () => {
    const failure = await second.work(signal).catch((error: Error) => error)
    return failure instanceof Error && failure.message === 'refused'
  })
  yard.refuse(false)
  await second.work(signal)
  assert.deepEqual(yard.published, ['a1', 'a2', 'a2'])
})

test('a relay that is stopped until its session has ended does not publish what it had read before: another may have said newer things', async (t) => {
  let nowMs = 0
  const yard = await yardFor(t, { clock: { ...systemClock, monotonicMs: () => nowMs } })
  const { database } = yard
  let isStopped = true
  /** The answer with the rows is here before the end of the session is heard. */
  const session: Database['session'] = async (options) => {
    const opened = await database.session(options)
    return {
      ...opened,
      async query(text, values) {
        const [backend] = await opened.query<{ pid: number }>('select pg_backend_pid() as pid')
        const rows = await opened.query<never>(text, values)
        if (!isStopped || rows.length === 0 || !text.includes('outbox')) return rows
        await database.query('select pg_terminate_backend($1)', [backend?.pid])
        nowMs += 60_000
        return rows
      },
    }
  }
  const relay = yard.relay({ ...database, session })
  await yard.say(['a1'])
  await assert.rejects(relay.work(signal), { code: 'unavailable' })
  assert.deepEqual(yard.published, [])
  isStopped = false
  await eventually(async () => {
    await relay.work(signal).catch(() => {})
    return yard.published.length > 0
  })
  assert.deepEqual(yard.published, ['a1'])
})

test('a relay whose database is slow publishes all the same', async (t) => {
  let nowMs = 0
  const monotonicMs = () => {
    nowMs += 60_000
    return nowMs
  }
  const yard = await yardFor(t, { clock: { ...systemClock, monotonicMs } })
  await yard.say(['a1'])
  while ((await yard.relay().work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1'])
})

test('a relay whose connection is cut off has lost the lock, and takes it again', async (t) => {
  const yard = await yardFor(t)
  const relay = yard.relay()
  await yard.say(['a1'])
  while ((await relay.work(signal)) === 0);
  const cut = await yard.database.query(
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  )
  assert.equal(cut.length, 1)
  await yard.say(['a2'])
  await eventually(async () => {
    await relay.work(signal).catch(() => {})
    return yard.published.includes('a2')
  })
  assert.deepEqual(yard.published, ['a1', 'a2'])
})

test('a message that the bus will never take is set aside with the reason, and the others go on in order', async (t) => {
  const yard = await yardFor(t)
  const relay = yard.relay()
  yard.takeNever('a2')
  await yard.say(['a1', 'a2', 'a3', 'b1'])
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'a3', 'b1'])
  const refused = await yard.database.query<{ value: Buffer; refusal: string }>(
    'select value, refusal from yard.outbox where refused_at is not null and published_at is null',
  )
  assert.deepEqual(refused, [{ value: Buffer.from('a2'), refusal: 'a2 is too large' }])

  yard.takeNever('')
  await yard.database.execute('update yard.outbox set refused_at = null')
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published.slice(3), ['a2'], 'it is sent once somebody has mended what it was refused for')
})

test('a relay that takes over waits until what the one before had under way can no longer take effect', async (t) => {
  const yard = await yardFor(t, { publishLimitMs: 60_000 })
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1'])
  yard.interrupt(async () => {
    throw new Error('cut off')
  })
  await assert.rejects(first.work(signal), /cut off/)
  yard.interrupt(async () => {})
  await first.stop()
  const waitMs = await eventually(() => second.work(signal))
  assert.ok(waitMs > 50_000 && waitMs <= 60_000, String(waitMs))
  assert.deepEqual(yard.published, ['a1'])

  await yard.database.execute(`update yard.relay set sending_since = sending_since - interval '1 minute'`)
  while ((await second.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'a1'])
})

test('that a send may be under way is on disk before it is; that it is over need not be', async (t) => {
  const yard = await yardFor(t, { publishLimitMs: 60_000 })
  await yard.database.transaction((transaction) =>
    transaction.script(`
      create table yard.commits (place bigint generated always as identity, of text, waits_for_disk text);
      create function yard.note_commit() returns trigger language plpgsql as $$
        begin
          insert into yard.commits (of, waits_for_disk)
          values (case when new.sending_since is null then 'over' else 'sending' end, current_setting('synchronous_commit'));
          return null;
        end $$;
      create constraint trigger note_commit after update on yard.relay deferrable initially deferred
        for each row execute function yard.note_commit()`),
  )
  const relay = yard.relay()
  await yard.say(['a1'])
  while ((await relay.work(signal)) === 0);
  const commits = await yard.database.query('select of, waits_for_disk from yard.commits order by place')
  assert.deepEqual(commits, [
    { of: 'sending', waits_for_disk: 'on' },
    { of: 'over', waits_for_disk: 'off' },
  ])
})

test('a relay that takes over when nothing was under way does not wait', async (t) => {
  const yard = await yardFor(t, { publishLimitMs: 60_000 })
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1'])
  while ((await first.work(signal)) === 0);
  await first.stop()
  await yard.say(['a2'])
  await eventually(async () => {
    await second.work(signal)
    return yard.published.includes('a2')
  })
})

test('after a send that failed the newest champions are said again once it can no longer take effect', async (t) => {
  let nowMs = 0
  const yard = await yardFor(t, { publishLimitMs: 60_000, clock: { ...systemClock, monotonicMs: () => nowMs } })
  const relay = yard.relay()
  await yard.say(['a1'], 'trainyard.champions')
  while ((await relay.work(signal)) === 0);
  await yard.say(['a2'], 'trainyard.champions')
  yard.refuse(true)
  await assert.rejects(relay.work(signal), /refused/)
  yard.refuse(false)
  while ((await relay.work(signal)) === 0);
  await yard.say(['a3'], 'trainyard.champions')
  while ((await relay.work(signal)) === 0);
  assert.deepEqual(yard.published, ['a1', 'a2', 'a3'])
  nowMs += 60_000
  await relay.work(signal)
  await relay.work(signal)
  assert.deepEqual(yard.published, ['a1', 'a2', 'a3', 'a3'])
})

test('what was published goes from the outbox after a while, and nothing else does', async (t) => {
  const yard = await yardFor(t)
  await yard.say(['old', 'recent', 'waiting'])
  await yard.database.execute(
    `update yard.outbox set published_at = now() - case when value = 'old' then interval '2 hours' else interval '1 minute' end
      where value <> 'waiting'`,
  )
  await makeOutboxPruning(yard.database, 'yard').work(signal)
  const left = await yard.database.query<{ value: Buffer }>('select value from yard.outbox order by id')
  assert.deepEqual(
    left.map(({ value }) => String(value)),
    ['recent', 'waiting'],
  )
})

test('a relay that takes over waits for what a failed send may still do, though a later send was taken', async (t) => {
  const yard = await yardFor(t, { publishLimitMs: 60_000 })
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1'], 'trainyard.champions')
  yard.refuse(true)
  await assert.rejects(first.work(signal), /refused/)
  yard.refuse(false)
  while ((await first.work(signal)) === 0);
  await first.stop()
  await yard.say(['a2'], 'trainyard.champions')
  const waitMs = await eventually(() => second.work(signal))
  assert.ok(waitMs > 30_000 && waitMs <= 60_000, String(waitMs))
  assert.deepEqual(yard.published, ['a1'])
  await yard.database.execute("update yard.relay set sending_since = now() - interval '1 hour'")
  while ((await second.work(signal)) === 0);
  assert.equal(yard.published.at(-1), 'a2')
})

test('a champion that is refused when it is said again leaves no older one said last', async (t) => {
  const yard = await yardFor(t)
  const [first, second] = [yard.relay(), yard.relay()]
  await yard.say(['a1', 'a2', 'b1'], 'trainyard.champions')
  while ((await first.work(signal)) === 0);
  await first.stop()
  yard.takeNever('a2')
  await eventually(async () => {
    await second.work(signal)
    return yard.published.length > 3
  })
  assert.deepEqual(yard.published, ['a1', 'a2', 'b1', 'b1'])
})
