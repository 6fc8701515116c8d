import type { TestContext } from 'node:test'
import { systemClock } from '../../../../../services/kit/clock.ts'
import { openLog } from '../../../../../services/kit/log.ts'
import { systemRandom } from '../../../../../services/kit/random.ts'
import type { Cluster, V1Job } from '../../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { type ClusterTimings, openCluster } from '../../../../../services/launcher/executor/kubernetes/client/open.ts'
import { labels } from '../../../../../services/launcher/executor/kubernetes/names.ts'
import { cleanup } from '../../../../harness/cleanup.ts'

/** Fast enough for a test; what is waited for is a condition all the same. */
const quick: Partial<ClusterTimings> = { limitMs: 5_000, firstPauseMs: 20, longestPauseMs: 100, steadyMs: 100 }

export function openTestCluster(t: TestContext, kubeconfig: string, timings: Partial<ClusterTimings> = {}): Cluster {
  const cluster = openCluster({
    kubeconfig,
    clock: systemClock,
    random: systemRandom,
    log: openLog('silent'),
    timings: { ...quick, ...timings },
  })
  cleanup(t, () => cluster.close())
  return cluster
}

export function job(name: string): V1Job & { metadata: { name: string; labels: Record<string, string> } } {
  return {
    metadata: { name, labels: { [labels.attempt]: name } },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'program', image: 'program:1' }] } } },
  }
}
