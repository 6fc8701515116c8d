/** The whole way of an attempt's pod, as a kubelet takes it: the runner is put there, claims, runs the program and tells its end. */

import assert from 'node:assert/strict'
import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import { buildJob } from '../../../../services/launcher/executor/kubernetes/job.ts'
import type { Cluster } from '../../../cluster/cluster.ts'
import { runnerImage } from '../../../cluster/images.ts'
import { startKubelet } from '../../../cluster/kubelet/kubelet.ts'
import { makeNamespace } from '../../../cluster/namespaces.ts'
import { sharedCluster } from '../../../cluster/shared.ts'
import { cleanup } from '../../../harness/cleanup.ts'
import { eventually } from '../../../harness/eventually.ts'
import { temporaryFolder, writeProgram } from '../../../runner/program.ts'
import { type RunApiServer, startRunApi } from '../../../runner/run-api.ts'
import { attemptOf, settings, token } from './given.ts'

interface Started {
  readonly api: RunApiServer
  readonly job: () => Promise<V1Job>
  readonly pod: () => Promise<V1Pod>
  readonly cluster: Cluster
}

/** Makes the Job of an attempt whose image holds a program in /srv; the kubelet runs it. */
async function startAttempt(t: TestContext, training: string, changes: Partial<AttemptToStart> = {}): Promise<Started> {
  const cluster = await sharedCluster()
  const { admin } = cluster
  const namespace = await makeNamespace(t, cluster, { 'pod-security.kubernetes.io/enforce': 'restricted' })
  const api = await startRunApi(t)
  await startKubelet(t, cluster, {
    namespace,
    gpus: 1,
    files: { ...runnerImage, '/srv/train.mjs': await readableProgram(t, training) },
  })
  const command = ['node', '/srv/train.mjs', '$(TRAINYARD_ATTEMPT_TOKEN)']
  const parts = { program: { command, image: 'registry.example.com/trainer:1' }, placement: { gpus: 1 } }
  const job = buildJob(attemptOf(parts, { runApiUrl: api.url, ...changes }), { ...settings, namespace })
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`
  const name = job.metadata?.name
  await admin.create(path, job)
  cleanup(t, async () => {
    await admin.patch(`${path}/${name}`, { metadata: { finalizers: null } })
    await admin.remove(`${path}/${name}`, { propagationPolicy: 'Background' })
  })
  const pods = `/api/v1/namespaces/${namespace}/pods?labelSelector=trainyard.dev/attempt=${name}`
  return {
    api,
    cluster,
    job: () => admin.get<V1Job>(`${path}/${name}`),
    pod: () =>
      eventually(async () => {
        const { items } = await admin.get<{ items: V1Pod[] }>(pods)
        return items[0]
      }),
  }
}

/** Written by one user, and read by that of the container. */
async function readableProgram(t: TestContext, training: string): Promise<string> {
  const [, written = ''] = await writeProgram(t, training)
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const program = join(folder, 'train.mjs')
  await copyFile(written, program)
  await chmod(program, 0o644)
  return program
}

const conditionOf = (job: V1Job, type: string) =>
  job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true

const saysWhatItIs = `
  const tried = (action) => { try { return action() } catch (error) { return error.code } }
  const processes = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((id) => join('/proc', id, 'environ'))
  const files = fs.readdirSync('/work', { recursive: true }).map((name) => join('/work', name))
  const contents = new Map([...processes, ...files].map((file) => [file, tried(() => fs.readFileSync(file, 'utf8'))]))
  console.log(JSON.stringify({
    parameters: process.argv.slice(2),
    user: process.getuid(),
    home: process.env.HOME,
    writing: tried(() => fs.writeFileSync('/srv/mine', '')),
    secrets: Object.keys(process.env).filter((name) => /TOKEN|RUN_API|KUBERNETES/.test(name)),
    readsTheRunner: contents.get('/proc/1/environ').includes('TRAINYARD_RUN_API'),
    findsTheToken: [...contents].filter(([, content]) => content.includes('${token}')).map(([file]) => file),
  }))`

test('the pod of an attempt brings its runner along, claims as itself, hides its token, and its Job is complete once all is committed (D10, D13)', async (t) => {
  const { api, job, pod } = await startAttempt(t, saysWhatItIs)
  await eventually(async () => conditionOf(await job(), 'Complete') || conditionOf(await job(), 'Failed'))
  const { metadata, status } = await pod()
  assert.ok(api.committed !== undefined, JSON.stringify(status))
  assert.equal(conditionOf(await job(), 'Complete'), true)
  assert.equal(api.claimedBy, metadata?.uid)
  assert.deepEqual(JSON.parse(api.log.toString().split('\n')[0] ?? ''), {
    parameters: ['$(TRAINYARD_ATTEMPT_TOKEN)', 'train'],
    user: 65_532,
    home: '/tmp',
    writing: 'EROFS',
    secrets: [],
    readsTheRunner: true,
    findsTheToken: [],
  })
})

test('a pod that is deleted lets its program save its work, and its runner tells the end within the grace time', async (t) => {
  const saves = `
    fs.writeFileSync(join(checkpoint, 'half'), 'half')
    process.on('SIGTERM', () => process.exit(75))
    console.log('ready')
    await forever()`
  const { api, pod, cluster } = await startAttempt(t, saves)
  await eventually(() => api.log.includes('ready'))
  const { metadata, spec } = await pod()
  assert.equal(spec?.terminationGracePeriodSeconds, 60)
  await cluster.admin.remove(`/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`)
  const ended = await eventually(() => api.ended)
  assert.equal(ended.outcome, 'resumable')
  assert.deepEqual(
    ended.checkpoint.map(({ path }) => path),
    ['half'],
  )
})

test('a runner that cannot be heard ends with words that the pod keeps', async (t) => {
  const { job, pod } = await startAttempt(t, '', { runApiUrl: 'http://127.0.0.1:9', deadlineMs: 1000 })
  await eventually(async () => conditionOf(await job(), 'Failed'))
  const { status } = await pod()
  const { exitCode, message } = status?.containerStatuses?.[0]?.state?.terminated ?? {}
  assert.equal(exitCode, 1)
  assert.match(message ?? '', /^runner: there was no time left for the launcher's answer/)
})
