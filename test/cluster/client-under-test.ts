import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../services/kit/clock.ts'
import { systemRandom } from '../../services/kit/random.ts'
import type { V1Job } from '../../services/launcher/executor/kubernetes/client/cluster.ts'
import { KubernetesError } from '../../services/launcher/executor/kubernetes/client/failures.ts'
import { type ClusterTimings, openCluster } from '../../services/launcher/executor/kubernetes/client/open.ts'
import { labels } from '../../services/launcher/executor/kubernetes/names.ts'
import { cleanup } from '../harness/cleanup.ts'
import { temporaryFolder } from '../runner/program.ts'
import type { Cluster as ClusterUnderTest } from './cluster.ts'
import { makeNamespace } from './namespaces.ts'
import { sharedCluster } from './shared.ts'

export const failsWith = (kind: string) => (error: unknown) =>
  error instanceof KubernetesError && error.failure.kind === kind

export const refusalOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )

interface ClientOptions {
  readonly kubeconfig: string
  readonly namespace: string
  readonly timings?: Partial<ClusterTimings>
}

export function openClient(t: TestContext, options: ClientOptions) {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const cluster = openCluster({
    ...options,
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'info' }, stream),
  })
  cleanup(t, () => cluster.close())
  return { cluster, logged: (text: string) => lines.some((line) => line.includes(text)) }
}

export async function openShared(t: TestContext) {
  const real = await sharedCluster()
  const namespace = await makeNamespace(t, real)
  return { real, namespace, cluster: openClient(t, { kubeconfig: real.kubeconfig, namespace }).cluster }
}

/** The kubeconfig of one who may do everything, by another way. */
export async function kubeconfigBy(t: TestContext, real: ClusterUnderTest, url: string): Promise<string> {
  const file = join(await temporaryFolder(t), 'kubeconfig')
  await writeFile(file, (await readFile(real.kubeconfig, 'utf8')).replaceAll(real.url, url))
  return file
}

export function job(name: string, finalizers: string[] = []): V1Job {
  const ours = { [labels.managedBy]: 'trainyard', [labels.name]: 'trainyard-attempt', [labels.attempt]: name }
  return {
    metadata: { name, labels: ours, finalizers },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: ours },
        spec: { restartPolicy: 'Never', containers: [{ name: 'program', image: 'program:1' }] },
      },
    },
  }
}
