/** The `Cluster` over a real API server. */
import { type CoreV1Event, type V1Job, V1MicroTime } from '@kubernetes/client-node'
import { z } from 'zod'
import type { Clock } from '../../../../kit/clock.ts'
import type { Logger } from '../../../../kit/log.ts'
import type { Random } from '../../../../kit/random.ts'
import { collectFinalizer, labels, ourSelector } from '../names.ts'
import { type CallTimings, callTimings, makeCalls } from './calls.ts'
import type { Cluster, Watching } from './cluster.ts'
import { type ClusterChoice, configure } from './configuration.ts'
import { connect } from './connect.ts'
import { failureOf } from './failures.ts'
import { ofEvents, ofJobs, ofNodes, ofPods, type SeenJob, type SeenNode, type SeenPod } from './kept.ts'
import { type Kind, makeObjects, type WatchTimings } from './objects.ts'
import { type Reflector, reflectorTimings } from './reflector.ts'

export interface ClusterOptions extends ClusterChoice {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly timings?: Partial<ClusterTimings>
}

export type ClusterTimings = CallTimings & WatchTimings

/** A watch that is alive carries a bookmark a minute, however quiet it is. */
const silenceMs = 75_000
const defaultTimings: ClusterTimings = { ...callTimings, ...reflectorTimings, silenceMs }

/** How often the finalizer is tried to be taken off an object that others change at the same time. */
const releaseTries = 5

const Dropped = z.object({ metadata: z.object({ deletionTimestamp: z.string().optional() }) })

/** @throws badInput when the configuration names no cluster; the cluster itself is not asked yet */
export function openCluster(options: ClusterOptions): Cluster {
  const { clock, random, log } = options
  const timings = { ...defaultTimings, ...options.timings }
  const connection = connect(() => configure(options), clock)
  const { namespace } = connection
  const calls = makeCalls({ clock, random, log, timings })
  const closing = new AbortController()
  const ends: Promise<void>[] = []

  const jobs: Kind = {
    one: 'Job',
    many: 'Jobs',
    path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
    model: 'V1Job',
    kept: ofJobs,
  }
  const pods: Kind = {
    one: 'pod',
    many: 'pods',
    path: `/api/v1/namespaces/${namespace}/pods`,
    model: 'V1Pod',
    kept: ofPods,
  }
  const events: Kind = {
    one: 'event',
    many: 'events',
    path: `/api/v1/namespaces/${namespace}/events`,
    model: 'CoreV1Event',
    kept: ofEvents,
  }
  const nodes: Kind = { one: 'node', many: 'nodes', path: '/api/v1/nodes', model: 'V1Node', kept: ofNodes }

  const { signal } = closing
  const { at, json, create, list, read, remove, watch } = makeObjects({
    clock,
    random,
    log,
    connection,
    calls,
    timings,
    signal,
  })

  function keep<T>(reflector: Reflector<T>): Watching<T> {
    ends.push(reflector.ended)
    return reflector
  }

  async function releaseJob(name: string, uid: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const metadata = (await read<SeenJob>(jobs, name))?.metadata
      if (metadata?.uid !== uid || !metadata.finalizers?.includes(collectFinalizer)) return
      const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== collectFinalizer)
      try {
        await calls.write(`release the Job ${name}`, (signal) =>
          json({
            method: 'PATCH',
            path: at(jobs, name),
            contentType: 'application/merge-patch+json',
            // With its version, so that a finalizer that somebody adds at this moment stays.
            body: { metadata: { uid, resourceVersion: metadata.resourceVersion, finalizers } },
            signal,
          }),
        )
        return
      } catch (error) {
        const why = failureOf(error)?.kind
        if (why === 'absent') return
        if (why !== 'conflict' || attempt === releaseTries) throw error
      }
    }
  }

  /** In this order, so that it is known of what is deleted that nobody else has: such a one may have let go of its pods. */
  async function dropJob(name: string, uid: string): Promise<boolean> {
    const [own, finalizers] = ['/metadata/uid', '/metadata/finalizers']
    const body = [
      { op: 'test', path: own, value: uid },
      { op: 'test', path: finalizers, value: [collectFinalizer] },
      { op: 'remove', path: finalizers },
    ]
    try {
      const { metadata } = await calls.write(`release the Job ${name}`, async (signal) =>
        Dropped.parse(
          await json({
            method: 'PATCH',
            path: at(jobs, name),
            contentType: 'application/json-patch+json',
            body,
            signal,
          }),
        ),
      )
      if (metadata.deletionTimestamp !== undefined) return false
    } catch (error) {
      const why = failureOf(error)?.kind
      if (why === 'absent' || why === 'invalid' || why === 'conflict') return false
      throw error
    }
    await deleteJob(name, uid)
    return true
  }

  const deleteJob = (name: string, uid: string) => remove(jobs, name, uid, { propagationPolicy: 'Background' })

  async function createJob(job: V1Job): Promise<SeenJob | 'exists'> {
    const name = job.metadata?.name ?? ''
    try {
      return await create<SeenJob>(jobs, name, { apiVersion: 'batch/v1', kind: 'Job', ...job })
    } catch (error) {
      const why = failureOf(error)?.kind
      if (why === 'exists') return 'exists'
      // Not there may also be: not there yet. The name makes it safe to create it again.
      const there = why === 'unknownOutcome' && (await read<SeenJob>(jobs, name).catch(() => undefined)) !== undefined
      if (there) return 'exists'
      throw error
    }
  }

  return {
    place: `${connection.server} namespace ${namespace}`,
    namespace,
    nowMs: connection.nowMs,
    createJob,
    readJob: (name) => read<SeenJob>(jobs, name),
    deleteJob,
    dropJob,
    releaseJob,
    listJobs: async () => (await list<SeenJob>({ ...jobs, labelSelector: ourSelector })).items,

    listPods: async (job) => (await list<SeenPod>({ ...pods, labelSelector: `${labels.job}=${job}` })).items,
    deletePod: (name, uid, graceSeconds) =>
      remove(pods, name, uid, { gracePeriodSeconds: Math.max(1, Math.ceil(graceSeconds)) }),

    async listEvents(ofUids) {
      const lists = await Promise.all(
        ofUids.map((uid) => list<CoreV1Event>({ ...events, fieldSelector: `involvedObject.uid=${uid}` })),
      )
      const told = lists.flatMap(({ items }) => items)
      for (const event of told) readTimes(event)
      return told.sort((one, other) => lastSeenMs(one) - lastSeenMs(other))
    },
    listRefusals: async () =>
      (await list<CoreV1Event>({ ...events, fieldSelector: 'involvedObject.kind=Job,reason=FailedCreate' })).items,
    listNodes: async () => (await list<SeenNode>(nodes)).items,

    watchJobs: (changed) =>
      keep(watch<SeenJob>({ ...jobs, labelSelector: ourSelector }, ({ metadata }) => changed(metadata?.name ?? ''))),
    watchPods: (changed) =>
      keep(
        watch<SeenPod>({ ...pods, labelSelector: labels.attempt }, ({ metadata }) =>
          changed(metadata?.labels?.[labels.attempt] ?? ''),
        ),
      ),

    async close() {
      closing.abort()
      calls.close()
      await connection.close()
      await Promise.all(ends)
    },
  }
}

/** client-node leaves times with microseconds as texts, whatever its types say. */
function readTimes(event: CoreV1Event): void {
  if (event.eventTime) event.eventTime = new V1MicroTime(event.eventTime)
  if (event.series?.lastObservedTime) event.series.lastObservedTime = new V1MicroTime(event.series.lastObservedTime)
}

function lastSeenMs({ lastTimestamp, series, eventTime, metadata }: CoreV1Event): number {
  const seen = lastTimestamp ?? series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp
  return seen?.getTime() ?? 0
}
