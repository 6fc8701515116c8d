/**
 * The test plays Kueue, as its documents have it: what its queue holds is suspended; it lets a Job go with what the place
 * asks for, and suspends it again when another is to have the place.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { getJob, podsOfJob, podThat } from '../jobs.ts'
import type { Job } from '../objects.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { begun, endOf, hangs, jobType, kubeletOf, stands, train, works } from './given.ts'

interface QueuedJob extends Job {
  readonly spec: { readonly suspend: boolean; readonly parallelism: number; readonly completions: number }
}

async function queued(t: TestContext, hyperparameters: Readonly<Record<string, unknown>>) {
  const placements = 'placements:\n  gpu: { gpus: 1, memoryGiB: 1, queueName: training }\n'
  const configuration = `jobTypes:\n${jobType('intents', { hyperparameters })}${placements}`
  const here = await startClusterYard(t, { configuration, nodes: 2, gpus: 1 })
  const { cluster, namespace } = here
  const witness = watchAttempts(t, cluster, namespace)
  const run = await train(here.yard, 'intents')
  const path = (attempt: string) => `/apis/batch/v1/namespaces/${namespace}/jobs/${attempt}`
  const isWaiting = async (attempt: string) => {
    const job = (await getJob(cluster, namespace, attempt)) as QueuedJob
    return job.spec.suspend && job
  }

  return {
    ...here,
    witness,
    run,
    waits: (attempt: string) => eventually(() => isWaiting(attempt), { what: `${attempt} waiting in the queue` }),
    admit: (attempt: string, spec: object = {}) =>
      cluster.admin.patch(path(attempt), { spec: { suspend: false, template: { spec } } }),
    evict: (attempt: string) => cluster.admin.patch(path(attempt), { spec: { suspend: true } }),
    pods: (attempt: string) => podsOfJob(cluster, namespace, attempt),
  }
}

/** The place of the first attempt goes while no launcher is there to see it. */
async function evictUnseen(here: Awaited<ReturnType<typeof queued>>): Promise<void> {
  const { yard, cluster, namespace, run, waits, admit, evict, pods } = here
  await waits(`${run}-1`)
  await admit(`${run}-1`)
  await begun(yard, run)
  await yard.kill('SIGKILL')
  await evict(`${run}-1`)
  const taken = await podThat(cluster, namespace, `${run}-1`, ({ metadata }) => metadata.deletionTimestamp)
  // Its runner would go on asking for the launcher to the end of its grace time.
  kubeletOf(here, taken.spec.nodeName).exhaust(taken.metadata.name)
  await eventually(async () => (await pods(`${run}-1`)).length === 0)
}

describe('an attempt whose placement names a queue of Kueue', { concurrency: 3 }, () => {
  test('waits for Kueue, says so, and runs where Kueue has found a place', async (t) => {
    const { yard, cluster, namespace, kubelets, witness, run, waits, admit, pods } = await queued(t, {})
    const { metadata, spec } = await waits(`${run}-1`)
    assert.equal(metadata.labels?.['kueue.x-k8s.io/queue-name'], 'training')
    assert.deepEqual([spec.parallelism, spec.completions], [1, 1])
    await stands(yard, run, /^waits for Kueue to admit it from the queue training$/)
    assert.deepEqual(await pods(`${run}-1`), [])
    const node = kubelets[1]?.node
    await admit(`${run}-1`, {
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ key: 'spot', operator: 'Exists' }],
    })
    const placed = await podThat(cluster, namespace, `${run}-1`, ({ spec }) => spec.nodeName)
    assert.equal(placed.spec.nodeName, node)
    assert.equal((await endOf(yard, run)).state, 'succeeded')
    await witness.empty()
    await witness.check()
  })

  test('saves its work when Kueue takes the place from it, and queues anew at no cost', async (t) => {
    const { yard, witness, run, waits, admit, evict } = await queued(t, works)
    await waits(`${run}-1`)
    await admit(`${run}-1`)
    await begun(yard, run)
    await evict(`${run}-1`)
    await waits(`${run}-2`)
    await admit(`${run}-2`)
    const { state, attempts } = await endOf(yard, run)
    assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['resumable', 'done']])
    await witness.empty()
    await witness.check()
  })

  test('has ended when Kueue took the place from it and nobody saw how, and queues anew at no cost', async (t) => {
    const here = await queued(t, hangs)
    const { yard, witness, run, waits, admit } = here
    await evictUnseen(here)
    await yard.start()
    await waits(`${run}-2`)
    await admit(`${run}-2`)
    const { state, attempts } = await endOf(yard, run)
    assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['stopped', 'done']])
    assert.equal(attempts[0]?.reason, 'its Job was suspended, which took its pod away')
    await witness.empty()
    await witness.check()
  })

  test('has ended when Kueue gave it another place while nobody saw, whose pod may do nothing, and queues anew at no cost', async (t) => {
    const here = await queued(t, hangs)
    const { yard, cluster, namespace, witness, run, waits, admit } = here
    await evictUnseen(here)
    await admit(`${run}-1`)
    await podThat(cluster, namespace, `${run}-1`, ({ status }) => status.containerStatuses?.[0]?.state.running)
    await yard.start()
    await waits(`${run}-2`)
    await admit(`${run}-2`)
    const { state, attempts } = await endOf(yard, run)
    assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['stopped', 'done']])
    assert.match(attempts[0]?.reason ?? '', /another runner has claimed/)
    // No check of it: Kueue had two pods made of one attempt, which is what this is about.
    await witness.empty()
  })
})
