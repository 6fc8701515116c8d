import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { V1Job } from '@kubernetes/client-node'
import { systemClock } from '../../../../services/kit/clock.ts'
import { openLog } from '../../../../services/kit/log.ts'
import { systemRandom } from '../../../../services/kit/random.ts'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import { openCluster } from '../../../../services/launcher/executor/kubernetes/client/open.ts'
import { createKubernetesExecutor } from '../../../../services/launcher/executor/kubernetes/executor.ts'
import type { Cluster } from '../../../cluster/cluster.ts'
import { runnerImage } from '../../../cluster/images.ts'
import { podsOfJob } from '../../../cluster/jobs.ts'
import { type Kubelet, type KubeletOptions, startKubelet } from '../../../cluster/kubelet/kubelet.ts'
import { makeLauncherAccount } from '../../../cluster/launcher-account.ts'
import { makeNamespace } from '../../../cluster/namespaces.ts'
import type { List } from '../../../cluster/objects.ts'
import type { Pod } from '../../../cluster/pods.ts'
import { sharedCluster } from '../../../cluster/shared.ts'
import { watchAttempts } from '../../../cluster/witness.ts'
import { cleanup } from '../../../harness/cleanup.ts'
import { eventually } from '../../../harness/eventually.ts'
import { temporaryFolder, writeProgram } from '../../../runner/program.ts'
import { attemptName, startRunApi } from '../../../runner/run-api.ts'
import type { Subject } from '../conformance.ts'
import { attemptOf, type SpecParts } from './given.ts'

export interface KubernetesSubject extends Subject {
  readonly cluster: Cluster
  readonly namespace: string
  readonly kubelets: readonly Kubelet[]
  attempt(training?: string, changes?: Partial<AttemptToStart>, parts?: SpecParts): Promise<AttemptToStart>
  job(): Promise<V1Job>
  /** The attempt's pod once it is as it should be. */
  pod(holds?: (pod: Pod) => unknown): Promise<Pod>
}

export interface KubernetesSubjectOptions extends Pick<KubeletOptions, 'gpus' | 'files'> {
  readonly nodes?: number
}

/** A restricted namespace in which executors have the rights that an installation gives them, and nodes that run their pods. */
export async function kubernetesSubject(
  t: TestContext,
  { nodes = 1, gpus = 1, files = runnerImage }: KubernetesSubjectOptions = {},
): Promise<KubernetesSubject> {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster, { 'pod-security.kubernetes.io/enforce': 'restricted' })
  const kubeconfig = await cluster.kubeconfigFor(await makeLauncherAccount(t, cluster, namespace))
  const api = await startRunApi(t)
  const programs = await temporaryFolder(t)
  await chmod(programs, 0o755)
  const kubelets: Kubelet[] = []
  for (let node = 0; node < nodes; node += 1)
    kubelets.push(await startKubelet(t, cluster, { namespace, gpus, files: { ...files, '/srv': programs } }))
  const witness = watchAttempts(t, cluster, namespace)
  cleanup(t, () => removeJobs(cluster, namespace))
  let written = 0

  return {
    api,
    cluster,
    namespace,
    kubelets,
    check: witness.check,
    open() {
      const [clock, random, log] = [systemClock, systemRandom, openLog('silent')]
      const opened = openCluster({ kubeconfig, namespace, clock, random, log })
      const settings = { namespace, runnerImage: 'registry.example.com/trainyard-runner:1' }
      const executor = createKubernetesExecutor({ cluster: opened, settings, clock, log, settleSeconds: 1 })
      cleanup(t, () => executor.close())
      return executor
    },
    async attempt(training = '', changes = {}, parts = {}) {
      const [, source = ''] = await writeProgram(t, training)
      written += 1
      const file = `program-${written}.mjs`
      await copyFile(source, join(programs, file))
      await chmod(join(programs, file), 0o644)
      const program = { command: ['node', `/srv/${file}`], image: 'registry.example.com/trainer:1' }
      const attempt = attemptOf({ program, placement: { gpus: 1 }, ...parts })
      return { ...attempt, runApiUrl: api.url, deadlineMs: 60_000, graceMs: 5_000, ...changes }
    },
    job: () => cluster.admin.get<V1Job>(`${jobsIn(namespace)}/${attemptName}`),
    pod: (holds = () => true) =>
      eventually(async () => (await podsOfJob(cluster, namespace, attemptName)).find((pod) => holds(pod)), {
        what: 'a pod as it should be',
      }),
  }
}

export const jobsIn = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`
export const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`

/** Whatever a test left there; a namespace with a Job that waits for its release would never go. */
async function removeJobs({ admin }: Cluster, namespace: string): Promise<void> {
  for (const { metadata } of (await admin.get<List<Pod>>(jobsIn(namespace))).items) {
    const path = `${jobsIn(namespace)}/${metadata.name}`
    await admin.patch(path, { metadata: { finalizers: null } })
    await admin.remove(path, { propagationPolicy: 'Background' }).catch(() => {})
  }
}
