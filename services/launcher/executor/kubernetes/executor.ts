/**
 * The executor for a cluster: an attempt is a Job of its name, with one pod.
 *
 *     absent ─ start ─▶ starting ─▶ running ─▶ ended ─ release ─▶ absent
 *
 * Nothing here is remembered but what need not be looked at again: what has ended and cannot change any more, until its Job
 * is gone, and a Job just made, until the watch tells of it. The watches only make looking cheap and tell when to look, and
 * every launcher sees the same.
 *
 * Invariants:
 * - a name is created once: the API server refuses a second Job of it (I1), and the finalizer keeps the first, even when
 *   somebody deletes it, until its release (I7);
 * - `absent` and `ended`, from which others conclude that a successor may start, are never said from what the watches have
 *   brought, which may be late: Job and pods are read then (D13);
 * - no pod is deleted by force: that would make it vanish from the API while it may still run.
 */
import { AttemptName } from '../../../../schemas/words.ts'
import type { Clock } from '../../../kit/clock.ts'
import { conflict, unavailable } from '../../../kit/errors.ts'
import type { Logger } from '../../../kit/log.ts'
import type { Executor, Observation, Standing } from '../executor.ts'
import type { Cluster, CoreV1Event, SeenJob, SeenNode, SeenPod } from './client/cluster.ts'
import { failureOf, toTrainyardError } from './client/failures.ts'
import { timeMs } from './fields.ts'
import { whyNoNodeFits } from './fit.ts'
import { needsEvents } from './hindrance.ts'
import { buildJob, isSameWork, type JobSettings } from './job.ts'
import { makeLatePods, podWithinMs } from './late-pods.ts'
import { labels } from './names.ts'
import { isLost } from './node-match.ts'
import { awaitsPod, isOver, isUnschedulable, mayBeOnLostNode, observationOf } from './observation.ts'
import { needsOf } from './pod.ts'
import { toldToStopMs } from './pod-end.ts'
import { remarksOf } from './remarks.ts'

export interface KubernetesExecutorOptions {
  readonly cluster: Cluster
  readonly settings: JobSettings
  readonly clock: Clock
  readonly log: Logger
  /** What a pod gets above the grace time, for the runner to save the program's work and tell the end. */
  readonly settleSeconds?: number
}

/** GPUs are waited for overnight. */
const longestWaitSeconds = 86_400
const nodesAgeMs = 60_000
/** What a runner says of its end does not come this way, so there is time. */
const gatherMs = 100

interface Read {
  readonly job: SeenJob | undefined
  readonly pods: readonly SeenPod[]
}

export function createKubernetesExecutor(options: KubernetesExecutorOptions): Executor {
  const { cluster, settings, clock, log, settleSeconds = 30 } = options
  const listeners: ((name: AttemptName) => void)[] = []
  /** What is to be told, and whether nothing but its Job has changed. */
  const changed = new Map<AttemptName, { isOfJob: boolean }>()
  /** The versions of the Jobs that were made here, and of which the watch has not told yet. */
  const made = new Map<string, string>()
  let listed: { readonly atMs: number; readonly nodes: Promise<readonly SeenNode[]> } | undefined
  /** Of those that have ended, what was read then; each is asked about thrice, and the API server once. */
  const over = new Map<string, Read>()
  const closing = new AbortController()
  const isClosed = (): boolean => closing.signal.aborted

  /** A Job and its pod change several times in a moment, and those of many together. */
  function tell(name: string, isOfJob = false): void {
    if (over.has(name) && jobs.get(name) === undefined) over.delete(name)
    const attempt = AttemptName.safeParse(name)
    if (!attempt.success) return
    changed.set(attempt.data, { isOfJob: isOfJob && changed.get(attempt.data)?.isOfJob !== false })
    if (changed.size === 1) void clock.sleep(gatherMs, closing.signal).then(tellGathered)
  }

  function tellGathered(): void {
    const gathered = [...changed]
    changed.clear()
    if (isClosed()) return
    for (const [name, { isOfJob }] of gathered) {
      const asMade = made.get(name)
      made.delete(name)
      const isNews = !isOfJob || asMade === undefined || versionOf(jobs.get(name)) !== asMade
      if (isNews) for (const listener of listeners) listener(name)
    }
  }
  const jobs = cluster.watchJobs((name) => tell(name, true))
  const pods = cluster.watchPods((name) => tell(name))
  const latePods = makeLatePods({ cluster, clock, closing: closing.signal, podless, tell })

  /** What the watches know; undefined when they know of no such Job, or may have missed something. */
  function known(name: AttemptName): Read | undefined {
    const job = jobs.get(name)
    if (!job || !jobs.isCurrent() || !pods.isCurrent()) return undefined
    return { job, pods: pods.all().filter((pod) => isOf(pod, name)) }
  }

  /** The Job first: a pod that is made in between is seen, and one that is gone had a Job that is over. */
  async function read(name: AttemptName): Promise<Read> {
    const job = await cluster.readJob(name)
    return { job, pods: await cluster.listPods(name) }
  }

  /** Where the one pod that a Job makes is over, nothing depends on what became of the Job since the watch told of it. */
  async function readEnd(name: AttemptName, seen: SeenJob | undefined): Promise<Read> {
    if (seen === undefined) return await read(name)
    const pods = await cluster.listPods(name)
    return pods.length > 0 && pods.every(isOver) ? { job: seen, pods } : await read(name)
  }

  async function judge({ job, pods }: Read): Promise<Observation> {
    const nowMs = cluster.nowMs()
    const isPodless = job !== undefined && pods.length === 0 && awaitsPod(job)
    const isRefused = isPodless && isOlder(job)
    const obscure = isRefused ? job : pods.find((pod) => needsEvents(pod, nowMs))
    const told = obscure && (await readEvents([uidOf(obscure)]))
    if (isPodless && !isRefused) latePods.await(job.metadata?.name ?? '')
    const waiting = pods.find(isUnschedulable)
    // Without the nodes, what the scheduler says is told.
    const there = waiting && (await nodes().catch(() => undefined))
    const nowhere = there && waiting?.spec && whyNoNodeFits(there, waiting.spec)
    const doubtful = pods.find((pod) => mayBeOnLostNode(pod, nowMs))
    const isNodeLost = doubtful !== undefined && (await isOnLostNode(doubtful))
    return observationOf({ job, pods, events: told?.events, nowhere, isNodeLost }, nowMs)
  }

  /** By what the nodes were since it was told to stop. */
  async function isOnLostNode(pod: SeenPod): Promise<boolean> {
    const there = await nodes(cluster.nowMs() - (toldToStopMs(pod) ?? 0)).catch(() => [])
    return there.some((node) => node.metadata?.name === pod.spec?.nodeName && isLost(node))
  }

  /** They seldom change, and many wait for the same ones. */
  async function nodes(ageMs = nodesAgeMs): Promise<readonly SeenNode[]> {
    const nowMs = clock.monotonicMs()
    if (listed === undefined || nowMs - listed.atMs > Math.min(ageMs, nodesAgeMs))
      listed = { atMs: nowMs, nodes: cluster.listNodes() }
    const asked = listed
    return await asked.nodes.catch((error: unknown) => {
      if (listed === asked) listed = undefined
      throw error
    })
  }

  function isOlder(job: SeenJob): boolean {
    const madeMs = madeMsOf(job)
    return madeMs !== undefined && cluster.nowMs() - madeMs > podWithinMs
  }

  function podless(names: readonly string[]): ReadonlyMap<string, string> {
    const withPod = new Set(pods.all().map(attemptOfPod))
    const there = names.flatMap((name) => jobs.get(name) ?? []).filter(({ metadata }) => !withPod.has(metadata?.name))
    return new Map(there.map((job) => [job.metadata?.name ?? '', uidOf(job)]))
  }

  /** There is no more to be seen of it than what the API server has just answered. */
  function noteMade(name: string, job: SeenJob): Pick<Standing, 'words'> {
    made.set(name, versionOf(job))
    if (job.spec?.suspend !== true) latePods.await(name)
    const seen = observationOf({ job, pods: [] }, cluster.nowMs())
    return seen.state === 'starting' && seen.words !== undefined ? { words: seen.words } : {}
  }

  /** Nothing waits for events that cannot be read. None at all, and not an empty list: nobody lets us read them. */
  async function readEvents(ofUids: readonly string[]): Promise<{ events?: readonly CoreV1Event[]; refusal?: string }> {
    try {
      return { events: await cluster.listEvents(ofUids) }
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      const { message, hint } = toTrainyardError(error)
      log.warn({ error: message, hint }, 'what the cluster has said of an attempt cannot be read')
      return { refusal: message, ...(failure.kind === 'forbidden' ? {} : { events: [] }) }
    }
  }

  async function observe(name: AttemptName): Promise<Observation> {
    const ended = over.get(name)
    if (ended) return await judge(ended)
    const seen = known(name)
    const observed = seen && (await judge(seen))
    if (observed?.state === 'starting' || observed?.state === 'running') return observed
    const there = await readEnd(name, seen?.job)
    const observation = await judge(there)
    if (observation.state === 'ended' && jobs.get(name) !== undefined) over.set(name, there)
    return observation
  }

  return {
    name: 'kubernetes',
    place: cluster.place,
    longestWaitSeconds,

    async start(attempt) {
      if (isClosed()) throw unavailable(`attempt ${attempt.name} is not started: the launcher is about to end`)
      const job = buildJob(attempt, settings)
      const answer = await cluster.createJob(job).catch((error: unknown) => {
        throw toTrainyardError(error)
      })
      if (answer !== 'exists') return noteMade(attempt.name, answer)
      const there = await cluster.readJob(attempt.name)
      if (!there) throw unavailable(`the Job ${attempt.name} was there, and is not any more`)
      if (!isSameWork(there, attempt)) {
        throw conflict(`there is a Job ${attempt.name} in ${cluster.place} that was made of something else`, {
          hint: `A name is never used twice. Look at it (kubectl get job ${attempt.name} -o yaml), and delete it if it is nobody's.`,
        })
      }
      return {}
    },

    observe,

    async stop(name, graceMs) {
      const job = await cluster.readJob(name)
      const isUntold = job !== undefined && job.metadata?.deletionTimestamp === undefined
      if (isUntold) await cluster.deleteJob(name, uidOf(job))
      // A second is the least: none at all would be by force.
      const graceSeconds = graceMs === 0 ? 1 : Math.ceil(graceMs / 1000) + settleSeconds
      // After the Job, which makes none any more once its controller has heard of that.
      const untold = (await cluster.listPods(name)).filter((pod) => !isOver(pod) && !isToldWithin(pod, graceSeconds))
      for (const pod of untold) await cluster.deletePod(pod.metadata?.name ?? '', uidOf(pod), graceSeconds)
      // Else there is no news, and who is told looks, and stops it once more.
      if (isUntold || untold.length > 0) tell(name)
    },

    async release(name) {
      const ended = over.get(name)
      // Whatever goes wrong from here on is looked at anew.
      over.delete(name)
      made.delete(name)
      const isWhole = ended?.job && ended.pods.length > 0 && ended.pods.every((pod) => isOwned(pod, ended.job))
      if (isWhole && (await cluster.dropJob(name, uidOf(ended.job)))) return
      const { job, pods } = await read(name)
      const { state } = await judge({ job, pods })
      if (state !== 'absent' && state !== 'ended')
        throw conflict(`attempt ${name} is ${state}: its Job stays until it has ended`)
      // Nobody else would, with their Job gone, or let go by one who deleted it with --cascade=orphan.
      const isLetGo = job?.metadata?.finalizers?.includes('orphan') === true
      const orphans = pods.filter((pod) => isLetGo || !isOwned(pod, job))
      for (const pod of orphans) await cluster.deletePod(pod.metadata?.name ?? '', uidOf(pod), 1)
      if (!job) return
      if (job.metadata?.deletionTimestamp === undefined) await cluster.deleteJob(name, uidOf(job))
      await cluster.releaseJob(name, uidOf(job))
    },

    onChange: (listener) => void listeners.push(listener),

    async objections(spec) {
      if (spec.program.image === undefined) return ['its program names no container image']
      const places = spec.examPlacement === undefined ? [spec.placement] : [spec.placement, spec.examPlacement]
      const there = await nodes().catch((error: unknown) => {
        if (failureOf(error)?.kind !== 'forbidden') throw error
        log.warn({ error: toTrainyardError(error).message }, 'whether any node can take attempts cannot be told')
        return undefined
      })
      if (there === undefined) return []
      return places.flatMap(({ name, ...placement }) => {
        const why = whyNoNodeFits(there, needsOf(placement))
        return why === undefined ? [] : [`no node can take its placement ${name}: ${why}`]
      })
    },

    async remarks(name) {
      const { job, pods } = over.get(name) ?? known(name) ?? (await read(name))
      const told = wasHeldUp(job, pods) ? [job, ...pods] : pods
      const uids = told.flatMap((each) => each?.metadata?.uid ?? [])
      const { events = [], refusal } = await readEvents(uids)
      const remarks = remarksOf(job, pods, events)
      if (refusal === undefined) return remarks
      return [...remarks, { at: new Date(cluster.nowMs()), words: `its events could not be read: ${refusal}` }]
    },

    async list() {
      const all = jobs.isCurrent() ? jobs.all() : await cluster.listJobs()
      return all.flatMap(({ metadata }) => AttemptName.safeParse(metadata?.name).data ?? [])
    },

    async close() {
      closing.abort()
      await cluster.close()
    },
  }
}

const attemptOfPod = ({ metadata }: SeenPod): string | undefined => metadata?.labels?.[labels.attempt]

const isOf = (pod: SeenPod, name: string): boolean => attemptOfPod(pod) === name

const versionOf = (job: SeenJob | undefined): string => job?.metadata?.resourceVersion ?? ''

const uidOf = ({ metadata }: SeenJob | SeenPod): string => metadata?.uid ?? ''

const isOwned = ({ metadata }: SeenPod, job: SeenJob | undefined): boolean =>
  metadata?.ownerReferences?.some(({ uid }) => uid === job?.metadata?.uid) === true

function madeMsOf({ metadata }: SeenJob | SeenPod): number | undefined {
  const madeAt = metadata?.creationTimestamp
  return madeAt === undefined ? undefined : timeMs(madeAt)
}

/** Whether the cluster has said something of the Job itself that its pod does not tell. */
function wasHeldUp(job: SeenJob | undefined, pods: readonly SeenPod[]): boolean {
  const [madeMs, ...podsMadeMs] = [job, ...pods].map((each) => each && madeMsOf(each))
  const isPrompt = podsMadeMs.some((podMs) => podMs !== undefined && podMs - (madeMs ?? podMs) <= podWithinMs)
  return !isPrompt || job?.spec?.suspend === true
}

/** Asking again must not lengthen the grace time. */
function isToldWithin({ metadata }: SeenPod, graceSeconds: number): boolean {
  return metadata?.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) <= graceSeconds
}
