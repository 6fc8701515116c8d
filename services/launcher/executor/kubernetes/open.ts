import type { Clock } from '../../../kit/clock.ts'
import type { KubernetesEnvironment } from '../../../kit/kubernetes-environment.ts'
import type { Logger } from '../../../kit/log.ts'
import type { Random } from '../../../kit/random.ts'
import type { Executor } from '../executor.ts'
import { openCluster } from './client/open.ts'
import { createKubernetesExecutor } from './executor.ts'

export interface OpenOptions extends KubernetesEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** @throws badInput when no cluster is configured; one that is out of reach is waited for */
export function openKubernetesExecutor({ clock, random, log, ...environment }: OpenOptions): Executor {
  const { kubeconfig, namespace, runnerImage, runnerPullPolicy } = environment
  const cluster = openCluster({ kubeconfig, namespace, clock, random, log })
  const settings = { namespace: cluster.namespace, runnerImage, runnerPullPolicy }
  return createKubernetesExecutor({ cluster, settings, clock, log })
}
