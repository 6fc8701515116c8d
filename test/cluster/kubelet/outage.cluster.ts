import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { type ControlPlane, startControlPlane } from '../control-plane.ts'
import { createJob, getJob, podsOfJob } from '../jobs.ts'
import { makeNamespace } from '../namespaces.ts'
import { conditionOf } from '../objects.ts'
import { sharedCluster } from '../shared.ts'
import { startKubelet } from './kubelet.ts'

/** A Job that ends once the file is there. */
async function waitingJob(t: TestContext, name: string, controlPlane: ControlPlane) {
  const namespace = await makeNamespace(t, controlPlane)
  await startKubelet(t, controlPlane, { namespace })
  const folder = join(controlPlane.directory, name)
  await mkdir(folder)
  await createJob(controlPlane, namespace, {
    name,
    container: {
      command: ['sh', '-c', 'while [ ! -e /shared/end ]; do sleep 0.05; done; echo seen > /shared/seen'],
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    },
    pod: { volumes: [{ name: 'shared', hostPath: { path: folder } }] },
  })
  await eventually(async () => (await podsOfJob(controlPlane, namespace, name))[0]?.status.phase === 'Running')
  return {
    end: () => writeFile(join(folder, 'end'), ''),
    seen: () => eventually(() => readFile(join(folder, 'seen'), 'utf8')),
    completes: () =>
      eventually(
        async () => conditionOf(await getJob(controlPlane, namespace, name), 'Complete')?.status === 'True',
        {},
      ),
  }
}

test('what ended while the API server was killed is said once it is back', async (t) => {
  const controlPlane = await startControlPlane()
  cleanup(t, () => controlPlane.shutDown())
  const job = await waitingJob(t, 'killed', controlPlane)
  await controlPlane.apiServer.stop()
  await job.end()
  await job.seen()
  await controlPlane.apiServer.start()
  await job.completes()
})

test('what ended while the API server stood still is said once it goes on', async (t) => {
  const controlPlane = await startControlPlane()
  cleanup(t, () => controlPlane.shutDown())
  const job = await waitingJob(t, 'paused', controlPlane)
  controlPlane.apiServer.pause()
  await job.end()
  await job.seen()
  controlPlane.apiServer.resume()
  await job.completes()
})

test('a compaction and a restart do not keep a kubelet from what comes after', async (t) => {
  const controlPlane = await startControlPlane()
  cleanup(t, () => controlPlane.shutDown())
  const namespace = await makeNamespace(t, controlPlane)
  await startKubelet(t, controlPlane, { namespace })
  await controlPlane.compact()
  await controlPlane.apiServer.stop()
  await controlPlane.apiServer.start()
  await createJob(controlPlane, namespace, { name: 'after' })
  await eventually(
    async () => conditionOf(await getJob(controlPlane, namespace, 'after'), 'Complete')?.status === 'True',
  )
})

test('a node without power loses its processes, and says so when it is back', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  const kubelet = await startKubelet(t, cluster, { namespace })
  await createJob(cluster, namespace, {
    name: 'dark',
    container: { command: ['sleep', '1000'] },
    // It is back before its pods are taken from it.
    pod: { tolerations: [{ operator: 'Exists' }] },
  })
  const pod = async () => (await podsOfJob(cluster, namespace, 'dark'))[0]
  await eventually(async () => (await pod())?.status.phase === 'Running')
  await kubelet.loseNode('die')
  await kubelet.recoverNode()
  const ended = await eventually(async () => {
    const found = await pod()
    return found?.status.phase === 'Failed' && found
  })
  t.assert.equal(ended.status.containerStatuses?.[0]?.state.terminated?.exitCode, 137)
})

test('whatever a test has started ends with its process, even by SIGKILL', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ending-'))
  cleanup(t, () => rm(folder, { recursive: true, force: true }))
  const alive = join(folder, 'alive')
  const child = spawn(process.execPath, [fileURLToPath(new URL('left-behind.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const directory = String(((await once(child.stdout, 'data')) as [Buffer])[0]).trim()
  cleanup(t, () => rm(directory, { recursive: true, force: true }))
  await eventually(() => readFile(alive, 'utf8'))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const { clusters } = JSON.parse(await readFile(join(directory, 'kubeconfig'), 'utf8'))
  await eventually(async () => {
    const before = await readFile(alive, 'utf8')
    const answered = await fetch(clusters[0].cluster.server).then(
      () => true,
      (error: Error & { cause?: { code?: string } }) => error.cause?.code !== 'ECONNREFUSED',
    )
    // Ten of its heartbeats.
    await new Promise((resolve) => setTimeout(resolve, 500))
    return !answered && before === (await readFile(alive, 'utf8'))
  })
})
