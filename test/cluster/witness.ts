import assert from 'node:assert/strict'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import type { Cluster } from './cluster.ts'
import { follow } from './follow.ts'
import type { ApiObject, Job, List } from './objects.ts'
import type { Pod } from './pods.ts'

/** Sees all that the attempts of a namespace ever come to be, past the code under test: what is gone again counts, too. */
export interface Witness {
  /** All of which there ever was a Job. */
  readonly attempts: readonly string[]
  /** Resolves once no Job and no pod is left. */
  empty(): Promise<void>
  /** I1: of each attempt one Job and one pod at most were ever made, and of each run one attempt of a kind at most was alive at any moment. */
  check(): Promise<void>
}

const labelOf = ({ metadata: { labels = {} } }: ApiObject, name: string): string =>
  labels[`trainyard.dev/${name}`] ?? ''
const attemptOf = (object: ApiObject): string => labelOf(object, 'attempt')
/** The champion's exam runs beside the training. */
const lineOf = (pod: Pod): string => `${labelOf(pod, 'kind')} of ${labelOf(pod, 'run')}`

/**
 * Begins when this is called: before the first attempt.
 * @param isHarmless whether a pod that is not over can have no effect all the same
 */
export function watchAttempts(
  t: Ending,
  { admin }: Cluster,
  namespace: string,
  isHarmless: (pod: Pod) => boolean = () => false,
): Witness {
  const [jobs, pods] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()]
  const present = new Set<string>()
  const alive = new Map<string, Set<string>>()
  const faults: string[] = []
  const paths = {
    jobs: `/apis/batch/v1/namespaces/${namespace}/jobs`,
    pods: `/api/v1/namespaces/${namespace}/pods`,
  } as const

  function count(all: Map<string, Set<string>>, object: ApiObject): void {
    if (attemptOf(object) !== '') among(all, attemptOf(object)).add(object.metadata.uid)
  }

  function learnJob(job: Job): void {
    present.add(job.metadata.uid)
    count(jobs, job)
  }

  function learnPod(pod: Pod): void {
    present.add(pod.metadata.uid)
    count(pods, pod)
    const living = among(alive, lineOf(pod))
    const isOver = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
    if (isOver || isHarmless(pod)) living.delete(pod.metadata.uid)
    else living.add(pod.metadata.uid)
    if (living.size > 1) faults.push(`${living.size} attempts to ${lineOf(pod)} were alive at a time`)
  }

  const lists = [
    follow<Job>(admin, paths.jobs, {}, { changed: learnJob, gone: ({ metadata: { uid } }) => present.delete(uid) }),
    follow<Pod>(
      admin,
      paths.pods,
      {},
      {
        changed: learnPod,
        gone(pod) {
          present.delete(pod.metadata.uid)
          alive.get(lineOf(pod))?.delete(pod.metadata.uid)
        },
      },
    ),
  ]
  cleanup(t, () => Promise.all(lists.map((list) => list.stop())))

  return {
    get attempts() {
      return [...jobs.keys()].sort()
    },
    async empty() {
      // A Job that came late over the network is found by a look once a minute.
      await eventually(() => present.size === 0, { timeoutMs: 120_000, what: 'the end of all Jobs and pods' })
    },
    async check() {
      // What the watches have not told yet.
      for (const job of (await admin.get<List<Job>>(paths.jobs)).items) count(jobs, job)
      for (const pod of (await admin.get<List<Pod>>(paths.pods)).items) count(pods, pod)
      for (const [what, all] of Object.entries({ Jobs: jobs, pods }))
        for (const [attempt, uids] of all)
          if (uids.size > 1) faults.push(`${uids.size} ${what} of ${attempt} were made`)
      assert.deepEqual(faults, [])
    },
  }
}

function among(sets: Map<string, Set<string>>, name: string): Set<string> {
  const known = sets.get(name) ?? new Set()
  sets.set(name, known)
  return known
}
