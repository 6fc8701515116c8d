/** Intake: takes signals in, gathers them into requests, and accounts for the end of every one. */
import { runServices } from '../kit/run.ts'
import type { ServiceDefinition } from '../kit/service.ts'
import { makeAdvance } from './advance.ts'
import { platformConsumers } from './consumer.ts'
import { makeDatasetStore } from './dataset/store.ts'
import { makeDue } from './due.ts'
import { makeEvents } from './events.ts'
import { makeFetching } from './fetching.ts'
import { addMetrics } from './metrics.ts'
import type { Point } from './points.ts'
import { recallGenerations } from './recall.ts'
import { makeReceive } from './receive.ts'
import { addRoutes } from './routes.ts'
import { runsConsumer } from './runs.ts'
import { makeSettle } from './settle.ts'
import { makeTrain } from './train.ts'
import { makeWatch } from './watch.ts'

const duePollMs = 5_000
/** Of each loop; whoever leaves something to fetch wakes them. */
const fetchingPollMs = 40_000
const watchPollMs = 60_000
const fetchesAtOnce = 8
const bytesPerMiB = 1024 * 1024

export const intake: ServiceDefinition = {
  name: 'intake',
  migrations: new URL('./migrations/', import.meta.url),
  build(given) {
    const kit = { ...given, point: (name: Point) => given.point(name) }
    const { datasetMiB, datasetRows, textCharacters, intents } = kit.configuration.limits
    const limits = { bytes: datasetMiB * bytesPerMiB, rows: datasetRows, textCharacters, intents }
    const datasets = makeDatasetStore({ ...kit, limits })

    // Each step wakes the next after its commit; the loops are made below, before anything can commit.
    const wakeDue = () => dueLoop.wake()
    const wakeFetching = () => {
      for (const loop of fetchingLoops) loop.wake()
    }
    const settle = makeSettle(kit)
    const advance = makeAdvance({ ...kit, settle, wakeFetching })
    const due = makeDue(kit, advance)
    const receive = makeReceive({
      ...kit,
      advance,
      somethingDueIn(milliseconds) {
        if (due.isTooLate(milliseconds)) wakeDue()
      },
    })

    const dueLoop = kit.loop('intake.due', duePollMs, due.look)
    const fetch = makeFetching({ ...kit, datasets, settle, wakeWaiting: wakeDue })
    const fetchingLoops = Array.from({ length: fetchesAtOnce }, (_, index) =>
      kit.loop(`intake.fetching.${index + 1}`, fetchingPollMs, fetch),
    )
    const watch = kit.loop('intake.watch', watchPollMs, makeWatch(kit))

    addMetrics(kit.metrics, kit.database)
    const publish = makeEvents({ ...kit, receive })
    const train = makeTrain({ ...kit, receive })
    return {
      routes: (app) => addRoutes(app, { ...kit, publish, train, datasets }),
      consumers: [...platformConsumers({ ...kit, receive }), runsConsumer(kit)],
      recall: recallGenerations(kit),
      loops: [dueLoop, ...fetchingLoops, watch],
    }
  },
}

if (import.meta.main) await runServices([intake])
