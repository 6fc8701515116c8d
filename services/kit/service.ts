/**
 * What a service is, and how one or several of them run in a process. A service says what it consumes, serves and does
 * again and again; this file opens what it needs and starts it all in order. The wiring of each lies in its `main.ts`.
 */
import { join, resolve } from 'node:path'
import { Registry } from 'prom-client'
import type { Topic } from '../../schemas/catalogue.ts'
import type { Configuration } from '../../schemas/configuration.ts'
import type { Blobs } from './blobs/blobs.ts'
import { openPostgresBlobs } from './blobs/postgres.ts'
import type { Bus, RawMessage } from './bus/bus.ts'
import { makeSubscription } from './bus/consumer.ts'
import { type ReceivedEvent, receive } from './bus/events.ts'
import { openLogBus } from './bus/log.ts'
import { makeLogPruning } from './bus/log-retention.ts'
import { type Cause, makeOutbox, type Outbox, origin } from './bus/outbox.ts'
import { makeRelay } from './bus/relay.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Environment, loadConfiguration, parseEnvironment } from './environment.ts'
import { broken, codeOf, conflict, messageOf, TrainyardError } from './errors.ts'
import { type HttpApp, makeHttpApp } from './http/app.ts'
import { type Lifecycle, makeLifecycle, obeySignals } from './lifecycle.ts'
import { type Logger, openLog } from './log.ts'
import { type Loop, makeLoop, type RunningLoop } from './loop.ts'
import { type Random, systemRandom } from './random.ts'
import { type Database, openDatabase, type Transaction } from './store/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded.ts'
import { migrate } from './store/migrate.ts'

export type ServiceName = 'intake' | 'launcher' | 'evaluator' | 'promoter' | 'console'

/** Understands Trainyard's own events. State, outbox and offset share the transaction; natural keys make it safe to repeat. */
export interface EventConsumer {
  readonly kind: 'events'
  readonly group: string
  readonly topics: readonly Topic[]
  handle(transaction: Transaction, events: readonly ReceivedEvent[]): Promise<void>
}

/** Takes messages as they are, as from a platform's own topics. */
export interface RawConsumer {
  readonly kind: 'raw'
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'beginning' | 'end'
  handle(transaction: Transaction, messages: readonly RawMessage[]): Promise<void>
}

export interface ServiceParts {
  routes?(app: HttpApp): void
  readonly consumers?: readonly (EventConsumer | RawConsumer)[]
  readonly loops?: readonly RunningLoop[]
  start?(): Promise<void>
  stop?(): Promise<void>
}

/** Everything that a service may use; nothing else is reachable from it. */
export interface Kit {
  readonly environment: Environment
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly database: Database
  readonly blobs: Blobs
  readonly outbox: Outbox
  readonly metrics: Registry
  /** How others reach this server; known once it listens, so ask late. */
  publicUrl(): string
  /** The beginning of a chain of causes: a request by HTTP, a schedule's tick. */
  origin(traceparent?: string): Cause
  loop(name: string, pollMs: number, work: Loop['work']): RunningLoop
  /** A named place where a test may kill the process. Costs nothing otherwise. */
  point(name: string): Promise<void>
}

export interface ServiceDefinition {
  readonly name: ServiceName
  readonly migrations: URL
  build(kit: Kit): ServiceParts | Promise<ServiceParts>
}

export interface Running {
  readonly url: string
  readonly lifecycle: Lifecycle
}

const busPollMs = 500
const relayPollMs = 1_000
const busBatchSize = 500
const kitMigrations = {
  blobs: new URL('./blobs/migrations/', import.meta.url),
  bus: new URL('./bus/log-migrations/', import.meta.url),
  service: new URL('./bus/service-migrations/', import.meta.url),
}

/** Migrates the schemas that the given services need. Safe to call from two processes at once. */
export async function migrateAll(database: Database, definitions: readonly ServiceDefinition[]): Promise<void> {
  await migrate(database, 'blobs', kitMigrations.blobs)
  await migrate(database, 'bus', kitMigrations.bus)
  for (const definition of definitions) {
    await migrate(database, definition.name, kitMigrations.service)
    await migrate(database, definition.name, definition.migrations)
  }
}

/** Starts the services and resolves when all of them work. `overrides` are for tests; everything else is in the environment. */
export async function startServices(
  definitions: readonly ServiceDefinition[],
  environment: Environment,
  overrides: { readonly exit?: (code: number) => void; readonly log?: Logger } = {},
): Promise<Running> {
  const exit = overrides.exit ?? ((code: number) => process.exit(code))
  const log = overrides.log ?? openLog(environment.logLevel)
  const clock = systemClock
  const random = systemRandom
  const configuration = loadConfiguration(environment)
  const lifecycle = makeLifecycle({ clock, log, stopLimitMs: environment.stopLimitMs, exit })
  obeySignals(lifecycle, log, exit)

  try {
    const database = await openStore(environment, lifecycle, log)
    await migrateAll(database, definitions)
    const blobs = openPostgresBlobs(database, random, environment.blobLimitBytes)
    const bus = openLogBus({ database, clock, log, pollMs: busPollMs, batchSize: busBatchSize })
    lifecycle.add({ name: 'bus', stop: () => bus.close() })
    const metrics = new Registry()
    const app = await makeHttpApp({ environment, log, metrics, ready: () => readiness(database) })
    let url = ''

    const pruning = makeLoop(makeLogPruning(database, environment.logRetentionDays), clock, log)
    lifecycle.add({ name: pruning.name, start: () => pruning.start(), stop: () => pruning.stop() })

    const shared = {
      environment,
      configuration,
      clock,
      random,
      database,
      blobs,
      metrics,
      publicUrl: () => environment.publicUrl ?? url,
    }
    const built = []
    for (const definition of definitions)
      built.push(await buildService(definition, { ...shared, log: log.child({ service: definition.name }) }, bus))
    for (const service of built) service.parts.routes?.(app)

    lifecycle.add({
      name: 'http',
      async start() {
        url = await listen(app, environment)
      },
      stop: () => app.close(),
    })
    for (const service of built) service.addTo(lifecycle)
    await lifecycle.start()
    log.info({ url, services: definitions.map(({ name }) => name) }, 'ready')
    return { url, lifecycle }
  } catch (error) {
    await lifecycle.stop()
    throw error
  }
}

/** The whole of a `main.ts`: run these services until a signal comes, or say on one line why they cannot. */
export async function runServices(
  definitions: readonly ServiceDefinition[],
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  try {
    await startServices(definitions, parseEnvironment(variables))
  } catch (error) {
    const hint = error instanceof TrainyardError && error.hint !== undefined ? `\n${error.hint}` : ''
    process.stderr.write(`trainyard: ${messageOf(error)}${hint}\n`)
    process.exit(1)
  }
}

async function openStore(environment: Environment, lifecycle: Lifecycle, log: Logger): Promise<Database> {
  let url = environment.databaseUrl
  if (url === undefined) {
    const directory = resolve(join(environment.dataDirectory, 'postgres'))
    const embedded = await startEmbeddedPostgres({ directory, durable: true })
    // Held from here on, so that a second process on the same directory never stops the server under the first one.
    await holdDirectory(embedded, environment.dataDirectory, lifecycle)
    url = embedded.url
  }
  const database = openDatabase({
    url,
    maximumConnections: environment.databaseConnections,
    random: systemRandom,
    onIdleError: (error) =>
      log.warn({ error: error.message }, 'a connection to the database broke; another will be opened'),
  })
  lifecycle.add({ name: 'database', stop: () => database.close() })
  await database.query('select 1')
  return database
}

/** A lock that PostgreSQL keeps as long as this process lives, and gives back when it is killed. */
async function holdDirectory(embedded: EmbeddedPostgres, directory: string, lifecycle: Lifecycle): Promise<void> {
  const session = await openDatabase({ url: embedded.url, maximumConnections: 1, random: systemRandom }).session()
  const rows = await session.query<{ locked: boolean }>(
    "select pg_try_advisory_lock(hashtext('trainyard.directory')) as locked",
  )
  if (!rows[0]?.locked) {
    await session.close()
    throw conflict(`another trainyard runs on the data directory ${directory}`, {
      hint: 'Stop it first, or choose another one with --data-dir or TRAINYARD_DATA_DIR.',
    })
  }
  let stopping = false
  lifecycle.add({
    name: 'embedded postgres',
    async stop() {
      stopping = true
      await session.close()
      await embedded.stop()
    },
  })
  void session.ended.then(() => {
    if (!stopping) lifecycle.fail(broken('the embedded PostgreSQL has ended'))
  })
}

async function buildService(
  definition: ServiceDefinition,
  shared: Omit<Kit, 'outbox' | 'origin' | 'loop' | 'point'>,
  bus: Bus,
) {
  const { clock, random, log, database, environment } = shared
  const service = definition.name
  const point = makePoint(environment.crashAt)
  const relayWork = makeRelay({ service, database, bus, log, point, pollMs: relayPollMs })
  const relay = makeLoop(relayWork, clock, log)
  const outbox = makeOutbox({ service, clock, random, wake: () => relay.wake() })
  const kit: Kit = {
    ...shared,
    outbox,
    point,
    origin: (traceparent) => origin(random, traceparent),
    loop: (name, pollMs, work) => makeLoop({ name, pollMs, work }, clock, log),
  }
  const parts = await definition.build(kit)
  const subscriptions = (parts.consumers ?? []).map((consumer) =>
    makeSubscription({
      service,
      group: consumer.group,
      topics: consumer.topics,
      from: consumer.kind === 'raw' ? consumer.from : 'beginning',
      database,
      outbox,
      clock,
      log,
      point,
      handle: handlerOf(consumer, kit),
    }),
  )

  return {
    parts,
    addTo(lifecycle: Lifecycle): void {
      if (parts.start || parts.stop)
        lifecycle.add({
          name: service,
          ...(parts.start && { start: () => parts.start?.() }),
          ...(parts.stop && { stop: () => parts.stop?.() }),
        })
      lifecycle.add({
        name: relay.name,
        start: () => relay.start(),
        async stop() {
          await relay.stop()
          await relayWork.stop()
        },
      })
      for (const loop of parts.loops ?? [])
        lifecycle.add({ name: loop.name, start: () => loop.start(), stop: () => loop.stop() })
      for (const subscription of subscriptions) {
        let running: { stop(): Promise<void> } | undefined
        lifecycle.add({
          name: subscription.group,
          async start() {
            running = await bus.subscribe(subscription)
          },
          async stop() {
            await running?.stop()
          },
        })
      }
    },
  }
}

/** Decodes one by one: what cannot be decoded is buried at once, and the rest of the batch goes on. */
export function handlerOf(consumer: EventConsumer | RawConsumer, kit: Pick<Kit, 'outbox' | 'log'>) {
  return async (transaction: Transaction, messages: readonly RawMessage[]): Promise<void> => {
    if (consumer.kind === 'raw') return consumer.handle(transaction, messages)
    const events: ReceivedEvent[] = []
    for (const message of messages) {
      try {
        events.push(receive(message))
      } catch (error) {
        const reason = messageOf(error)
        kit.log.error({ topic: message.topic, offset: message.offset, reason }, 'an event cannot be decoded')
        await kit.outbox.deadLetter(transaction, { ...message, group: consumer.group }, reason)
      }
    }
    if (events.length > 0) await consumer.handle(transaction, events)
  }
}

function makePoint(crashAt: string | undefined): Kit['point'] {
  if (crashAt === undefined) return async () => {}
  return async (name) => {
    if (name === crashAt) process.kill(process.pid, 'SIGKILL')
  }
}

async function readiness(database: Database): Promise<{ ready: true } | { ready: false; reason: string }> {
  try {
    await database.query('select 1')
    return { ready: true }
  } catch (error) {
    return { ready: false, reason: `the database does not answer: ${messageOf(error)}` }
  }
}

async function listen(app: HttpApp, environment: Environment): Promise<string> {
  try {
    return await app.listen({ host: environment.host, port: environment.port })
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error
    throw broken(`port ${environment.port} on ${environment.host} is in use`, {
      hint: 'Stop what uses it, or choose another one with --port or TRAINYARD_PORT (0 takes a free one).',
      cause: error,
    })
  }
}
