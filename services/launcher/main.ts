/** The launcher: queues the requests, runs their attempts, lets the champion sit the same exam, and says what became of each. */

import { type AttemptName, RunId } from '../../schemas/words.ts'
import { makeDataDirectory } from '../kit/data-directory.ts'
import { programFolders } from '../kit/program-command.ts'
import { runServices } from '../kit/run.ts'
import type { Kit, ServiceDefinition, ServiceParts } from '../kit/service.ts'
import { makeConsumer } from './consumer.ts'
import type { Executor } from './executor/executor.ts'
import { createProcessExecutor } from './executor/process.ts'
import type { RunRecord } from './ledger.ts'
import { addMetrics } from './metrics.ts'
import { modelUrl } from './models.ts'
import { makeNews } from './news.ts'
import { makeObjectionWatch } from './objections.ts'
import { makeOrphanWatch } from './orphans.ts'
import { holdPlace } from './place.ts'
import { anyQueued, isFull, type QueueNeeds, type Started, startQueued } from './queue.ts'
import { makeReconciler, reconcilePollMs } from './reconciler.ts'
import { forgetModels, forgetOld } from './retention.ts'
import { addModelRoutes } from './routes/models.ts'
import { addQueueRoutes } from './routes/queue.ts'
import { addRunRoutes } from './routes/runs.ts'
import { addRunApi } from './run-api/routes.ts'
import { configureSlots } from './slots.ts'
import { defaultTimings, type Timings } from './timings.ts'
import { makeTokens, readSecret } from './token.ts'

const queuePollMs = 1_000
const retentionPollMs = 10 * 60_000
const orphansPollMs = 60_000
/** At the start, and now and then: the cluster changes. */
const objectionsPollMs = 24 * 3_600_000

/** @param openExecutor what carries attempts out */
export function launcherOver(
  openExecutor: (kit: Kit) => Executor | Promise<Executor>,
  timings: Timings = defaultTimings,
): ServiceDefinition {
  return {
    name: 'launcher',
    migrations: new URL('./migrations/', import.meta.url),
    build: async (kit) => build(kit, await openExecutor(kit), timings),
  }
}

export const launcher = launcherOver(async ({ environment, clock, random, log }) => {
  const { dataDirectory, kubernetes } = environment
  if (!kubernetes) {
    makeDataDirectory(dataDirectory)
    const folders = programFolders(environment.configurationFile)
    return createProcessExecutor({ dataDirectory, programFolders: folders, environment: process.env, clock, log })
  }
  // The client alone takes half a second to load and 100 MB: only those who have a cluster pay for it.
  const { openKubernetesExecutor } = await import('./executor/kubernetes/open.ts')
  return openKubernetesExecutor({ ...kubernetes, clock, random, log })
})

async function build(kit: Kit, executor: Executor, timings: Timings): Promise<ServiceParts> {
  const { database, configuration, environment } = kit
  const tokens = makeTokens(await readSecret(database, kit.random))
  const news = makeNews()
  const countOutcome = addMetrics(kit.metrics, database)

  const reconciler = makeReconciler({
    kit,
    executor,
    timings,
    tokenOf: tokens.of,
    urlOf: (model) => modelUrl(kit.publicUrl(), model),
    wakeQueue: () => queue.wake(),
    tell: news.tell,
    countOutcome,
  })
  const reconciling = kit.loop('launcher.reconcile', reconcilePollMs, (signal) => reconciler.work(signal))
  const starting: QueueNeeds = {
    ...kit,
    longestWaitSeconds: executor.longestWaitSeconds,
    lease: reconciler.lease,
    look: lookAtStarted,
    lookAgain: look,
  }
  const queue = kit.loop('launcher.queue', queuePollMs, async () => {
    const started = (await anyQueued(database.keyed))
      ? await database.transaction((transaction) => startQueued(transaction, starting))
      : 0
    if (started > 0) await kit.point('launcher.queue.started')
    return isFull(started) ? 0 : undefined
  })
  const retention = kit.loop('launcher.retention', retentionPollMs, async () => {
    const isMore = await forgetOld(database, environment.historyDays)
    const forgotten = await forgetModels(database, environment.modelDays)
    look(forgotten)
    return isMore || forgotten.length > 0 ? 0 : undefined
  })

  const orphans = kit.loop('launcher.orphans', orphansPollMs, makeOrphanWatch({ ...kit, executor }))
  const objections = kit.loop('launcher.objections', objectionsPollMs, makeObjectionWatch({ ...kit, executor }))

  function look(runs: readonly RunId[]): void {
    reconciler.hint(runs)
    reconciling.wake()
  }
  function lookAtStarted(started: readonly Started[], records: Promise<readonly RunRecord[]>): void {
    reconciler.begin(
      started.flatMap(({ run, lease }) => (lease === null ? [] : [{ run, lease }])),
      records,
    )
    const others = started.flatMap(({ run, lease }) => (lease === null ? [run] : []))
    if (others.length > 0) look(others)
  }
  const hint = (attempt: AttemptName): void => look([runOf(attempt)])
  executor.onChange(hint)
  let held: { stop(): Promise<void> } | undefined

  return {
    consumers: [
      makeConsumer({
        ...kit,
        start: (transaction, entering) => startQueued(transaction, starting, entering),
        wake() {
          queue.wake()
          reconciling.wake()
        },
      }),
    ],
    loops: [reconciling, queue, retention, orphans, objections],
    routes(app) {
      addRunApi(app, { kit, tokens, timings, hint, countOutcome, tellLog: (attempt) => news.tell(runOf(attempt)) })
      addQueueRoutes(app, kit, () => queue.wake())
      addModelRoutes(app, kit)
      addRunRoutes(app, {
        kit,
        news,
        executor,
        timings,
        look(run) {
          look([run])
          queue.wake()
        },
      })
    },
    async start() {
      held = await holdPlace(kit, executor.place)
      const jobTypes = Object.entries(configuration.jobTypes)
      await configureSlots(
        database,
        jobTypes.map(([jobType, { slots }]) => ({ jobType, slots })),
      )
      // Whatever a killed launcher was in the middle of is looked at now, not when its lease ends.
      await database.execute(
        `update launcher.runs set look_at = now()
          where run in (select run from launcher.runs where look_at > now() order by run for update)`,
      )
    },
    async stop() {
      await reconciler.idle()
      await executor.close()
      await held?.stop()
    },
  }
}

/** An attempt's name begins with its run's id. */
function runOf(attempt: AttemptName): RunId {
  return RunId.parse(attempt.slice(0, 'run-'.length + 10))
}

if (import.meta.main) await runServices([launcher])
