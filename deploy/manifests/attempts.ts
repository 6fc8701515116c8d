import type { V1Namespace } from '@kubernetes/client-node'
import type { Open } from './blank.ts'
import { attemptsNamespace, ours } from './names.ts'
import type { FromValues } from './values.ts'

/** Where attempts run, and nothing else: the launcher may delete every pod there, and its Jobs may use every Secret. */
export function attemptsHome(from: FromValues): Open<V1Namespace> {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: attemptsNamespace(from),
      labels: { ...ours, ...restricted },
      // Whoever takes Trainyard away takes no training that runs with it.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
  }
}

export const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
}
