/** How one or several services run in a process: opens what they share, puts them together, and starts it all in order. */
import { Registry } from 'prom-client'
import { assemble } from './assemble.ts'
import { openPostgresBlobs } from './blobs/postgres.ts'
import { makeBlobSweeping } from './blobs/sweeping.ts'
import { addBusMetrics } from './bus/metrics.ts'
import { openBus } from './bus/open.ts'
import { systemClock } from './clock.ts'
import { type Environment, loadConfiguration, parseEnvironment } from './environment.ts'
import { broken, codeOf, messageOf, TrainyardError } from './errors.ts'
import { type HttpApp, makeHttpApp } from './http/app.ts'
import { type Lifecycle, makeLifecycle, obeySignals } from './lifecycle.ts'
import { type Logger, openLog } from './log.ts'
import { makeLoop } from './loop.ts'
import { systemRandom } from './random.ts'
import { makeReadAvro } from './schema-registry/avro.ts'
import { openCodec } from './schema-registry/register.ts'
import type { ServiceDefinition } from './service.ts'
import type { Database } from './store/database.ts'
import { migrateAll } from './store/migrate.ts'
import { openStore } from './store/open.ts'

export interface Running {
  readonly url: string
  readonly lifecycle: Lifecycle
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
  obeySignals(lifecycle, clock, log, exit)
  let url = ''
  let started = false

  await lifecycle.start(async () => {
    const { fail } = lifecycle
    const database = await openStore(environment, lifecycle, log)
    await migrateAll(database, definitions)
    const codec = await openCodec(environment.schemaRegistryUrl)
    const readAvro = makeReadAvro(environment.schemaRegistryUrl, clock)
    const blobs = openPostgresBlobs(database, random, environment.blobLimitBytes)
    const { bus, upkeep } = await openBus({ environment, database, clock, log, fail })
    lifecycle.add({ name: 'bus', stop: () => bus.close() })
    // HTTP is there before the rest, which may want to be called while it starts, or may fail to.
    const ready = async () =>
      started ? await readiness(database) : { ready: false as const, reason: 'it is still starting' }
    const metrics = new Registry()
    addBusMetrics(
      metrics,
      database,
      definitions.map(({ name }) => name),
    )
    const app = await makeHttpApp({ environment, log, metrics, ready })
    const urls = { localUrl: () => url, publicUrl: () => environment.publicUrl ?? url }
    const shared = { environment, configuration, clock, random, database, blobs, readAvro, metrics, fail, ...urls }
    const services = []
    for (const definition of definitions)
      services.push(await assemble(definition, { ...shared, log: log.child({ service: definition.name }) }, bus, codec))
    for (const { parts } of services) parts.routes?.(app)

    for (const loop of [...upkeep, makeBlobSweeping(database)]) lifecycle.add(makeLoop(loop, clock, log))
    lifecycle.add({
      name: 'http',
      async start() {
        url = await listen(app, environment)
      },
      stop: () => app.close(),
    })
    for (const service of services) service.addTo(lifecycle)
  })
  started = true
  log.info({ url, services: definitions.map(({ name }) => name) }, 'ready')
  return { url, lifecycle }
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

async function readiness(database: Database): Promise<{ ready: true } | { ready: false; reason: string }> {
  try {
    await database.query('select 1')
    return { ready: true }
  } catch (error) {
    return { ready: false, reason: messageOf(error) }
  }
}

async function listen(app: HttpApp, environment: Environment): Promise<string> {
  try {
    return await app.listen({ host: environment.host, port: environment.port })
  } catch (error) {
    throw notListening(environment, error)
  }
}

function notListening({ host, port }: Environment, error: unknown): unknown {
  const another = 'choose another one with --port or TRAINYARD_PORT (0 takes a free one)'
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return broken(`port ${port} on ${host} is in use`, { hint: `Stop what uses it, or ${another}.`, cause: error })
    case 'EACCES':
      return broken(`this user may not listen on port ${port}`, {
        hint: `Ports below 1024 are kept for root: ${another}.`,
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return broken(`${host} is no address of this machine`, { hint: 'Check TRAINYARD_HOST.', cause: error })
    default:
      return error
  }
}
