import assert from 'node:assert/strict'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import type { Cluster } from './cluster.ts'
import { follow } from './follow.ts'
import type { Job } from './objects.ts'
import type { Pod } from './pods.ts'

/** Sees all that the attempts of a namespace ever come to be, past the code under test. */
export interface Witness {
  /** The names of all Jobs that there ever were. */
  readonly attempts: readonly string[]
  /** I1: of each attempt one Job and one pod at most were ever made, and of each run one training at most was alive at any moment. */
  assertOnce(): void
  /** Resolves once no Job and no pod is left. */
  empty(): Promise<void>
}

export async function watchAttempts(t: Ending, { admin }: Cluster, namespace: string): Promise<Witness> {
  const jobs = new Map<string, Set<string>>()
  const pods = new Map<string, Set<string>>()
  const present = new Set<string>()
  const alive = new Map<string, Set<string>>()
  const faults: string[] = []

  function learnJob({ metadata: { name, uid } }: Job): void {
    present.add(uid)
    const known = among(jobs, name).add(uid)
    if (known.size > 1) faults.push(`${known.size} Jobs ${name} were made`)
  }

  function learnPod({ metadata: { uid, labels = {} }, status }: Pod): void {
    present.add(uid)
    const attempt = labels['trainyard.dev/attempt'] ?? ''
    const run = labels['trainyard.dev/run'] ?? ''
    const known = among(pods, attempt).add(uid)
    if (known.size > 1) faults.push(`${known.size} pods of ${attempt} were made`)
    // The champion's exam runs beside the training.
    if (labels['trainyard.dev/kind'] !== 'train') return
    const living = among(alive, run)
    if (status.phase === 'Succeeded' || status.phase === 'Failed') living.delete(uid)
    else living.add(uid)
    if (living.size > 1) faults.push(`${living.size} attempts of ${run} were alive at a time`)
  }

  const lists = [
    follow<Job>(
      admin,
      `/apis/batch/v1/namespaces/${namespace}/jobs`,
      {},
      {
        changed: learnJob,
        gone: ({ metadata: { uid } }) => present.delete(uid),
      },
    ),
    follow<Pod>(
      admin,
      `/api/v1/namespaces/${namespace}/pods`,
      {},
      {
        changed: learnPod,
        gone({ metadata: { uid, labels = {} } }) {
          present.delete(uid)
          alive.get(labels['trainyard.dev/run'] ?? '')?.delete(uid)
        },
      },
    ),
  ]
  cleanup(t, async () => {
    for (const list of lists) await list.stop()
  })
  return {
    get attempts() {
      return [...jobs.keys()].sort()
    },
    assertOnce: () => assert.deepEqual(faults, []),
    async empty() {
      await eventually(() => present.size === 0, { timeoutMs: 60_000, what: 'the end of all Jobs and pods' })
    },
  }
}

function among(sets: Map<string, Set<string>>, name: string): Set<string> {
  const known = sets.get(name) ?? new Set()
  sets.set(name, known)
  return known
}
