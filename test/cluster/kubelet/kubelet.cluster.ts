import assert from 'node:assert/strict'
import { text as textOf } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import type { Cluster } from '../cluster.ts'
import { createJob, getJob, podsOfJob, podThat } from '../jobs.ts'
import { makeNamespace } from '../namespaces.ts'
import { conditionOf } from '../objects.ts'
import type { ContainerState, Pod } from '../pods.ts'
import { makeRuntimeClass } from '../runtime-class.ts'
import { sharedCluster } from '../shared.ts'
import { type Kubelet, startKubelet } from './kubelet.ts'

interface Place {
  readonly cluster: Cluster
  readonly namespace: string
  readonly kubelet: Kubelet
}

async function place(t: TestContext): Promise<Place> {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  return { cluster, namespace, kubelet: await startKubelet(t, cluster, { namespace, gpus: 8 }) }
}

const shell = (script: string) => ({ command: ['sh', '-c', script] })

const podOf = ({ cluster, namespace }: Place, job: string, holds: (pod: Pod) => unknown): Promise<Pod> =>
  podThat(cluster, namespace, job, holds)

const stateOf = ({ status }: Pod, index = 0): ContainerState => status.containerStatuses?.[index]?.state ?? {}
const isRunning = (pod: Pod) => stateOf(pod).running
const pathOf = ({ metadata: { namespace, name } }: Pod) => `/api/v1/namespaces/${namespace}/pods/${name}`

test('a Job ends as its process ended: exit code, termination message and log can be read', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  await createJob(cluster, namespace, {
    name: 'good',
    gpus: 1,
    container: shell('echo one; echo two >&2; printf result > /dev/termination-log'),
  })
  await createJob(cluster, namespace, {
    name: 'bad',
    container: { ...shell('echo out of luck; exit 7'), terminationMessagePolicy: 'FallbackToLogsOnError' },
  })
  await eventually(async () => conditionOf(await getJob(cluster, namespace, 'good'), 'Complete')?.status === 'True')
  await eventually(async () => conditionOf(await getJob(cluster, namespace, 'bad'), 'Failed')?.status === 'True')
  const [good] = await podsOfJob(cluster, namespace, 'good')
  const [bad] = await podsOfJob(cluster, namespace, 'bad')
  assert.ok(good && bad)
  const { exitCode, reason, message } = stateOf(good).terminated ?? {}
  assert.deepEqual({ exitCode, reason, message }, { exitCode: 0, reason: 'Completed', message: 'result' })
  const failed = stateOf(bad).terminated
  assert.deepEqual([failed?.exitCode, failed?.reason, failed?.message], [7, 'Error', 'out of luck\n'])
  assert.deepEqual((await cluster.admin.text(`${pathOf(good)}/log`)).split('\n').toSorted(), ['', 'one', 'two'])
})

test('a log is followed while it grows, and told from its last lines on with their times', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  await createJob(cluster, namespace, {
    name: 'talker',
    container: shell('for line in 1 2 3; do echo $line; done; while :; do sleep 0.05; done'),
  })
  const pod = await podOf(here, 'talker', isRunning)
  const stream = await cluster.admin.stream(`${pathOf(pod)}/log?follow=true`, AbortSignal.timeout(120_000))
  const all = textOf(stream)
  const tail = await eventually(async () => {
    const text = await cluster.admin.text(`${pathOf(pod)}/log?tailLines=2&timestamps=true`)
    return text.includes(' 3') && text
  })
  assert.match(tail, /^\S+T\S+Z 2\n\S+T\S+Z 3\n$/)
  assert.equal(await cluster.admin.text(`${pathOf(pod)}/log?limitBytes=3`), '1\n2')
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  assert.equal(await cluster.admin.text(`${pathOf(pod)}/log?sinceTime=${inAnHour}`), '')
  await cluster.admin.remove(pathOf(pod), { gracePeriodSeconds: 0 })
  assert.equal(await all, '1\n2\n3\n')
})

test('init containers run in order before the main one, a sidecar beside it, and each sees its volumes and its fields', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  const base = `/api/v1/namespaces/${namespace}`
  await cluster.admin.create(`${base}/secrets`, { metadata: { name: 'token' }, stringData: { value: 'secret' } })
  await cluster.admin.create(`${base}/configmaps`, { metadata: { name: 'spec' }, data: { 'spec.json': '{"a":1}' } })
  const mounts = { volumeMounts: [{ name: 'work', mountPath: '/trainyard/work' }] }
  const step = (name: string, script: string) => ({ name, image: 'test/any:1', ...shell(script), ...mounts })
  await createJob(cluster, namespace, {
    name: 'steps',
    pod: {
      volumes: [
        { name: 'work', emptyDir: {} },
        { name: 'spec', configMap: { name: 'spec' } },
      ],
      initContainers: [
        step('first', 'echo first > /trainyard/work/order'),
        {
          ...step('beside', 'trap "exit 0" TERM; echo beside >> /trainyard/work/order; while :; do sleep 0.05; done'),
          restartPolicy: 'Always',
        },
        step(
          'second',
          'while ! grep -q beside /trainyard/work/order; do sleep 0.05; done; echo second >> /trainyard/work/order',
        ),
      ],
    },
    container: {
      ...shell('cat order /trainyard/spec/spec.json; echo " $SECRET $NODE $1"; test $$ = 1; touch /not-on-the-machine'),
      workingDir: '/trainyard/work',
      args: [],
      env: [
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
      volumeMounts: [...mounts.volumeMounts, { name: 'spec', mountPath: '/trainyard/spec' }],
    },
  })
  const pod = await podOf(here, 'steps', ({ status }) => status.phase === 'Succeeded')
  const log = await cluster.admin.text(`${pathOf(pod)}/log`)
  assert.equal(log, `first\nbeside\nsecond\n{"a":1} secret ${here.kubelet.node} \n`)
  const [first, beside] = pod.status.initContainerStatuses ?? []
  assert.deepEqual([first?.state.terminated?.exitCode, beside?.state.terminated?.exitCode], [0, 0])
})

test('a process in a pod speaks to the API server as its service account', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  const script = `
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount/'
    const read = (name) => require('node:fs').readFileSync(folder + name, 'utf8')
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
    const headers = { authorization: 'Bearer ' + read('token') }
    const path = '/api/v1/namespaces/' + read('namespace') + '/pods'
    require('node:https').get({ host, port, path, headers, ca: read('ca.crt') }, (answer) => answer.pipe(process.stdout))
  `
  await createJob(cluster, namespace, { name: 'inside', container: { command: [process.execPath, '-e', script] } })
  const pod = await podOf(here, 'inside', ({ status }) => status.phase === 'Succeeded')
  const log = await cluster.admin.text(`${pathOf(pod)}/log`)
  assert.match(log, new RegExp(`system:serviceaccount:${namespace}:default`))
})

test('a pod that is deleted before it began never begins', async (t) => {
  const here = await place(t)
  const { cluster, namespace, kubelet } = here
  kubelet.slow(3_600_000)
  await createJob(cluster, namespace, { name: 'slow' })
  const pod = await podOf(here, 'slow', (one) => stateOf(one).waiting?.reason === 'ContainerCreating')
  await cluster.admin.patch(pathOf(pod), { metadata: { finalizers: ['test/kept'] } })
  await cluster.admin.remove(pathOf(pod))
  const ended = await podOf(here, 'slow', ({ status }) => status.phase === 'Failed')
  assert.equal(stateOf(ended).terminated?.reason, 'ContainerStatusUnknown')
  await cluster.admin.patch(pathOf(pod), { metadata: { finalizers: [] } })
})

test('what an image brings is there for every container, and stays as it is', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  await startKubelet(t, cluster, { namespace, files: { '/image': import.meta.dirname } })
  const container = shell('test -f /image/sandbox.sh && ! touch /image/new && touch /beside')
  await createJob(cluster, namespace, { name: 'image', container })
  await podThat(cluster, namespace, 'image', ({ status }) => status.phase === 'Succeeded')
})

test('who runs as a user that is not root may write in his volumes and nowhere else', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  await createJob(cluster, namespace, {
    name: 'user',
    container: {
      ...shell('id -u; touch /work/mine && echo written; touch /elsewhere || echo refused'),
      volumeMounts: [{ name: 'work', mountPath: '/work' }],
      securityContext: { readOnlyRootFilesystem: true },
    },
    pod: {
      volumes: [{ name: 'work', emptyDir: {} }],
      securityContext: { runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true, fsGroup: 1000 },
    },
  })
  const pod = await podOf(here, 'user', ({ status }) => status.phase === 'Succeeded')
  const log = await cluster.admin.text(`${pathOf(pod)}/log`)
  assert.match(log, /^1000\n(.*\n)*written\n/)
  assert.match(log, /refused/)
})

test('deletion asks a process to end, waits for its grace, and takes every process of the pod along', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  await createJob(cluster, namespace, {
    name: 'polite',
    container: shell('trap "echo asked; exit 3" TERM; sleep 1000 & echo up; while :; do sleep 0.05; done'),
    pod: { terminationGracePeriodSeconds: 20 },
  })
  await createJob(cluster, namespace, {
    name: 'stubborn',
    container: shell('trap "" TERM; echo up; while :; do sleep 0.05; done'),
    pod: { terminationGracePeriodSeconds: 1 },
  })
  for (const [job, exitCode] of [
    ['polite', 3],
    ['stubborn', 137],
  ] as const) {
    const pod = await podOf(here, job, isRunning)
    await eventually(async () => (await cluster.admin.text(`${pathOf(pod)}/log`)).includes('up'))
    const follower = await cluster.admin.stream(`${pathOf(pod)}/log?follow=true`, AbortSignal.timeout(120_000))
    // Its finalizer of the Job keeps the pod until the Job has counted it; one more keeps it for us.
    await cluster.admin.patch(pathOf(pod), { metadata: { finalizers: ['test/kept'] } })
    await cluster.admin.remove(pathOf(pod))
    assert.equal(await textOf(follower), job === 'polite' ? 'up\nasked\n' : 'up\n')
    const ended = await podOf(here, job, (one) => stateOf(one).terminated && one.status.phase === 'Failed')
    assert.equal(stateOf(ended).terminated?.exitCode, exitCode)
    await cluster.admin.patch(pathOf(pod), { metadata: { finalizers: [] } })
    await eventually(async () =>
      (await podsOfJob(cluster, namespace, job)).every(({ metadata }) => metadata.uid !== pod.metadata.uid),
    )
  }
})

test('an image that cannot be had is told, and the container starts once it can', async (t) => {
  const here = await place(t)
  const { cluster, namespace, kubelet } = here
  kubelet.images.fail('test/late:1', 'no such image')
  await createJob(cluster, namespace, { name: 'late', container: { image: 'test/late:1' } })
  await createJob(cluster, namespace, { name: 'never', container: { image: 'registry.invalid/any:1' } })
  const waiting = await podOf(here, 'late', (pod) => stateOf(pod).waiting?.reason === 'ImagePullBackOff')
  assert.match(stateOf(waiting).waiting?.message ?? '', /no such image/)
  await podOf(here, 'never', (pod) => stateOf(pod).waiting?.reason === 'ImagePullBackOff')
  kubelet.images.allow('test/late:1')
  await podOf(here, 'late', ({ status }) => status.phase === 'Succeeded')
})

test('a node that has no runtime for a pod says so, and the pod begins once it has', async (t) => {
  const here = await place(t)
  const { cluster, namespace, kubelet } = here
  const runtimeClassName = await makeRuntimeClass(t, cluster, namespace)
  kubelet.missingRuntimes.add(runtimeClassName)
  await createJob(cluster, namespace, { name: 'alone', container: shell('true'), pod: { runtimeClassName } })
  const pod = await podOf(here, 'alone', (one) => conditionOf(one, 'PodReadyToStartContainers')?.status === 'False')
  const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${pod.metadata.uid},type=Warning` })
  const told = await eventually(async () => {
    const { items } = await cluster.admin.get<{ items: { reason: string; count: number; message: string }[] }>(
      `/api/v1/namespaces/${namespace}/events?${query}`,
    )
    return items.find(({ reason, count }) => reason === 'FailedCreatePodSandBox' && count > 1)
  })
  assert.match(told.message, /no runtime for "[^"]+" is configured/)
  kubelet.missingRuntimes.clear()
  await podOf(here, 'alone', ({ status }) => status.phase === 'Succeeded')
})

test('a secret that is missing holds the container up until it is there', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  const env = [{ name: 'SECRET', valueFrom: { secretKeyRef: { name: 'late', key: 'value' } } }]
  await createJob(cluster, namespace, { name: 'needs', container: { ...shell('test "$SECRET" = now'), env } })
  await podOf(here, 'needs', (pod) => stateOf(pod).waiting?.reason === 'CreateContainerConfigError')
  const secret = { metadata: { name: 'late' }, stringData: { value: 'now' } }
  await cluster.admin.create(`/api/v1/namespaces/${namespace}/secrets`, secret)
  await podOf(here, 'needs', ({ status }) => status.phase === 'Succeeded')
})

test('an evicted pod and one that took too much memory say so', async (t) => {
  const here = await place(t)
  const { cluster, namespace, kubelet } = here
  for (const name of ['evicted', 'hungry'])
    await createJob(cluster, namespace, { name, container: shell('sleep 1000') })
  const [evicted, hungry] = [await podOf(here, 'evicted', isRunning), await podOf(here, 'hungry', isRunning)]
  kubelet.evict(evicted.metadata.name)
  kubelet.exhaust(hungry.metadata.name)
  const gone = await podOf(here, 'evicted', ({ status }) => status.phase === 'Failed')
  assert.equal(gone.status.reason, 'Evicted')
  assert.equal(conditionOf(gone, 'DisruptionTarget')?.reason, 'TerminationByKubelet')
  const killed = await podOf(here, 'hungry', ({ status }) => status.phase === 'Failed')
  assert.deepEqual([stateOf(killed).terminated?.reason, stateOf(killed).terminated?.exitCode], ['OOMKilled', 137])
})

test('a pod past its own deadline is ended', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  const pod = { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 0 }
  await createJob(cluster, namespace, { name: 'long', container: shell('sleep 1000'), pod })
  const ended = await podOf(here, 'long', ({ status }) => status.phase === 'Failed')
  assert.equal(ended.status.reason, 'DeadlineExceeded')
})

test('a container is started again where its pod says so, and counts how often', async (t) => {
  const here = await place(t)
  const { cluster, namespace } = here
  await createJob(cluster, namespace, {
    name: 'again',
    container: {
      ...shell('echo x >> /work/tries; echo try $(wc -l < /work/tries); test $(wc -l < /work/tries) = 3'),
      volumeMounts: [{ name: 'work', mountPath: '/work' }],
    },
    pod: { restartPolicy: 'OnFailure', volumes: [{ name: 'work', emptyDir: {} }] },
    job: { backoffLimit: 5 },
  })
  const pod = await podOf(here, 'again', ({ status }) => status.phase === 'Succeeded')
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 2)
  assert.equal(await cluster.admin.text(`${pathOf(pod)}/log?previous=true`), 'try 2\n')
})

test('a node that is cut off loses its pods, whose processes go on until it hears of that', async (t) => {
  const here = await place(t)
  const { cluster, namespace, kubelet } = here
  await createJob(cluster, namespace, {
    name: 'cut',
    container: shell('trap "exit 0" TERM; while :; do sleep 0.05; done'),
    pod: { terminationGracePeriodSeconds: 5 },
  })
  const pod = await podOf(here, 'cut', isRunning)
  await kubelet.loseNode()
  const taken = await podOf(here, 'cut', ({ metadata }) => metadata.deletionTimestamp)
  assert.equal(conditionOf(taken, 'DisruptionTarget')?.reason, 'DeletionByTaintManager')
  assert.ok(isRunning(taken))
  await kubelet.recoverNode()
  await eventually(async () =>
    (await podsOfJob(cluster, namespace, 'cut')).every(({ metadata }) => metadata.uid !== pod.metadata.uid),
  )
})
