/** What the cluster, or somebody in it, can do to an attempt, and what the launcher does then: a table of ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podThat } from '../jobs.ts'
import type { Pod } from '../pods.ts'
import { makeRuntimeClass } from '../runtime-class.ts'
import { watchAttempts } from '../witness.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'
import {
  begun,
  endOf,
  hangs,
  type JobTypeParts,
  jobType,
  kubeletOf,
  placements,
  stands,
  train,
  works,
} from './given.ts'

interface Case extends JobTypeParts {
  readonly title: string
  /** Done to the first attempt once it is as said; `pod` is its own. */
  readonly happens?: (yard: ClusterYard, pod: Pod, run: string) => unknown
  readonly once?: 'running' | 'placed'
  readonly state?: 'succeeded' | 'failed'
  readonly outcomes: readonly string[]
  /** Of the first attempt's end. */
  readonly reason?: RegExp
}

/** Not of a namespace, as the tests are else, and no other test has it. */
const runtimeClass = 'ends-sandboxed'

const kubectl = ({ cluster, namespace }: ClusterYard, ...words: readonly string[]) =>
  cluster.kubectl('-n', namespace, ...words)
const jobOf = ({ metadata }: Pod): string => metadata.labels?.['batch.kubernetes.io/job-name'] ?? ''
const deleteJob = (yard: ClusterYard, pod: Pod, ...words: readonly string[]) =>
  kubectl(yard, 'delete', 'job', jobOf(pod), '--wait=false', ...words)
const kubelet = (yard: ClusterYard, { spec }: Pod) => kubeletOf(yard, spec.nodeName)

const cases: Readonly<Record<string, Case>> = {
  'job-deleted': {
    title: 'a Job that is deleted by hand has its program save, and the next attempt resumes at no cost',
    hyperparameters: works,
    happens: (yard, pod) => deleteJob(yard, pod),
    outcomes: ['resumable', 'done'],
  },
  'job-orphaned': {
    title: 'so it is with --cascade=orphan',
    hyperparameters: works,
    happens: (yard, pod) => deleteJob(yard, pod, '--cascade=orphan'),
    outcomes: ['resumable', 'done'],
  },
  'job-torn-away': {
    title: 'and when its finalizer was taken away before',
    hyperparameters: works,
    async happens(yard, pod) {
      await kubectl(yard, 'patch', 'job', jobOf(pod), '-p', '{"metadata":{"finalizers":null}}')
      await deleteJob(yard, pod)
    },
    outcomes: ['resumable', 'done'],
  },
  'pod-deleted': {
    title: 'a pod that is deleted by hand has its program save, and the next attempt resumes at no cost',
    hyperparameters: works,
    happens: (yard, pod) => kubectl(yard, 'delete', 'pod', pod.metadata.name, '--wait=false'),
    outcomes: ['resumable', 'done'],
  },
  drained: {
    title: 'a pod that is evicted by the API, as by kubectl drain, too',
    hyperparameters: works,
    happens: ({ cluster, namespace }, { metadata: { name } }) =>
      cluster.admin.create(`/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
      }),
    outcomes: ['resumable', 'done'],
  },
  evicted: {
    title: 'a pod that its node evicts at once ends without a word, and that costs no retry',
    hyperparameters: hangs,
    happens: (yard, pod) => kubelet(yard, pod).evict(pod.metadata.name),
    outcomes: ['stopped', 'done'],
    reason: /^its node ended it: The node was low on resource: memory\.$/,
  },
  exhausted: {
    title: 'a program that takes more memory than its placement gives is told so, and that costs a retry',
    hyperparameters: hangs,
    retries: 1,
    happens: (yard, pod) => kubelet(yard, pod).exhaust(pod.metadata.name),
    outcomes: ['lost', 'done'],
    reason: /it was killed for using more memory than its placement gives \(1Gi\)/,
  },
  nameless: {
    title: 'an image whose name is none fails at once, and is not tried again',
    image: 'registry.example.com/Trainer//:latest',
    retries: 2,
    state: 'failed',
    outcomes: ['badInput'],
    reason: /^its image registry\.example\.com\/Trainer\/\/:latest can't be pulled: .*couldn't parse image name/,
  },
  unpulled: {
    title: 'an image that cannot be pulled is waited for, and the attempt goes on once it is there',
    image: 'registry.example.com/late:1',
    once: 'placed',
    async happens({ kubelets, yard }, _pod, run) {
      await stands(yard, run, /^its image registry\.example\.com\/late:1 can't be pulled: .*not found/)
      for (const { images } of kubelets) images.allow('registry.example.com/late:1')
    },
    outcomes: ['done'],
  },
  unprepared: {
    title: 'what a node says that has no runtime for its pod is told, and the attempt goes on once it has',
    placement: 'sandboxed',
    once: 'placed',
    async happens(here, pod, run) {
      await stands(here.yard, run, /^can't be set up on node \S+: .*no runtime for "ends-sandboxed" is configured$/)
      kubelet(here, pod).missingRuntimes.clear()
    },
    outcomes: ['done'],
  },
  missing: {
    title: 'a command that is not in the image is told with its name',
    command: ['/srv/no-such-program'],
    state: 'failed',
    outcomes: ['crashed'],
    reason: /^train could not start: \/srv\/no-such-program was not found/,
  },
  failing: {
    title: 'an exit code is told, and costs a retry each',
    hyperparameters: { exitCode: 3 },
    retries: 1,
    state: 'failed',
    outcomes: ['crashed', 'crashed'],
    reason: /exit code 3/,
  },
  'last-words': {
    title: 'a program that calls its data wrong is not tried again, and its last words are told',
    hyperparameters: { exitCode: 10 },
    retries: 2,
    state: 'failed',
    outcomes: ['badInput'],
    reason: /Told to end with exit code 10/,
  },
}

test('the cluster ends attempts', { concurrency: 6 }, async (t) => {
  const configuration = `jobTypes:\n${Object.entries(cases)
    .map(([name, parts]) => jobType(name, parts))
    .join('')}${placements}  sandboxed: { gpus: 1, memoryGiB: 1, runtimeClassName: ${runtimeClass} }
`
  const yard = await startClusterYard(t, { configuration, nodes: 2, gpus: 16 })
  const witness = watchAttempts(t, yard.cluster, yard.namespace)
  await makeRuntimeClass(t, yard.cluster, runtimeClass)
  for (const { images, missingRuntimes } of yard.kubelets) {
    images.fail('registry.example.com/late:1')
    missingRuntimes.add(runtimeClass)
  }

  await Promise.all(
    Object.entries(cases).map(([name, { title, happens, once = 'running', state = 'succeeded', outcomes, reason }]) =>
      t.test(title, async () => {
        const run = await train(yard.yard, name)
        if (happens) {
          const pod = await podThat(yard.cluster, yard.namespace, `${run}-1`, ({ spec, status }) =>
            once === 'running' ? status.containerStatuses?.[0]?.state.running : spec.nodeName,
          )
          if (once === 'running') await begun(yard.yard, run)
          await happens(yard, pod, run)
        }
        const end = await endOf(yard.yard, run)
        const told = JSON.stringify(end.attempts)
        assert.equal(end.state, state, told)
        assert.deepEqual(
          end.attempts.map(({ outcome }) => outcome),
          outcomes,
          told,
        )
        if (reason) assert.match(end.attempts[0]?.reason ?? '', reason)
      }),
    ),
  )
  await witness.check()
})
