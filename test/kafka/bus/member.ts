/** A consumer as a process of its own, to be killed and stopped: each message it handles is a row in yard.effects. */
import { pino } from 'pino'
import { z } from 'zod'
import { committedCodec } from '../../../schemas/codec.ts'
import { type Handle, makeSubscription } from '../../../services/kit/bus/consumer.ts'
import { openKafkaBus } from '../../../services/kit/bus/kafka/bus.ts'
import { makeOutbox } from '../../../services/kit/bus/outbox.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import { openDatabase } from '../../../services/kit/store/database.ts'
import { settingsFor } from './given.ts'

const parameters = z.object({
  url: z.string(),
  brokers: z.array(z.string()),
  prefix: z.string(),
  topic: z.string(),
  sessionLimitMs: z.number(),
})
const { url, brokers, prefix, topic, sessionLimitMs } = parameters.parse(JSON.parse(process.argv[2] ?? ''))

const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }, pino.destination(2))
const clock = systemClock
const database = openDatabase({ url, maximumConnections: 4, random: systemRandom })
const fail = (error: unknown) => {
  throw error
}
const bus = openKafkaBus({ settings: settingsFor(brokers, prefix), clock, log, sessionLimitMs, fail })
const outbox = makeOutbox({ service: 'yard', codec: committedCodec, clock, random: systemRandom, wake: () => {} })

const handle: Handle = async (transaction, messages) => {
  await transaction.execute(
    'insert into yard.effects (member, place, text) select $1, * from unnest($2::text[], $3::text[])',
    [
      process.pid,
      messages.map(({ partition, offset }) => `${partition}/${offset}`),
      messages.map(({ value }) => String(value)),
    ],
  )
}
await bus.subscribe(
  makeSubscription({
    service: 'yard',
    group: 'group',
    topics: [topic],
    from: 'beginning',
    gatherMs: 0,
    database,
    outbox,
    clock,
    log,
    point: async () => {},
    handling: { prepare: async () => handle },
  }),
)
