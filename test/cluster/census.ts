import assert from 'node:assert/strict'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import type { Cluster } from './cluster.ts'
import { follow } from './follow.ts'
import type { ApiObject, List } from './objects.ts'
import type { Pod } from './pods.ts'

/** Who was ever there of a namespace's attempts: what is gone again counts, too. */
export interface Census {
  /** The Jobs that were ever made of an attempt, by their uids. */
  jobsOf(attempt: string): number
  /** Throws if an attempt ever had two Jobs or two pods, or a run two pods at a time that were not over (I1). */
  check(): Promise<void>
}

const attemptLabel = 'trainyard.dev/attempt'
const runLabels = ['trainyard.dev/run', 'trainyard.dev/kind']

/** Begins when this is called: before the first attempt. */
export function takeCensus(t: Ending, { admin }: Cluster, namespace: string): Census {
  const [jobs, pods] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()]
  const alive = new Map<string, Set<string>>()
  const wrongs: string[] = []
  const paths = [`/apis/batch/v1/namespaces/${namespace}/jobs`, `/api/v1/namespaces/${namespace}/pods`] as const

  function count(all: Map<string, Set<string>>, { metadata }: ApiObject): void {
    const { uid, labels = {} } = metadata
    const attempt = labels[attemptLabel]
    if (attempt !== undefined) all.set(attempt, (all.get(attempt) ?? new Set()).add(uid))
  }

  function live({ metadata: { uid, name, labels = {} } }: Pod, isAlive: boolean): void {
    const run = runLabels.map((label) => labels[label]).join()
    const others = alive.get(run) ?? new Set()
    alive.set(run, others)
    if (isAlive) others.add(uid)
    else others.delete(uid)
    if (others.size > 1) wrongs.push(`${name} lives beside another attempt of its run`)
  }

  const isOver = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'
  const following = [
    follow<ApiObject>(admin, paths[0], {}, { changed: (job) => count(jobs, job), gone: () => {} }),
    follow<Pod>(
      admin,
      paths[1],
      {},
      {
        changed(pod) {
          count(pods, pod)
          live(pod, !isOver(pod))
        },
        gone: (pod) => live(pod, false),
      },
    ),
  ]
  cleanup(t, () => Promise.all(following.map((each) => each.stop())))

  return {
    jobsOf: (attempt) => jobs.get(attempt)?.size ?? 0,
    async check() {
      for (const job of (await admin.get<List<ApiObject>>(paths[0])).items) count(jobs, job)
      for (const pod of (await admin.get<List<Pod>>(paths[1])).items) count(pods, pod)
      for (const all of [jobs, pods])
        for (const [attempt, uids] of all) assert.equal(uids.size, 1, `${attempt} was there ${uids.size} times`)
      assert.deepEqual(wrongs, [])
    },
  }
}
