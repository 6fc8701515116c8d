/** Who the pods of a component are: to the cluster, and by it to a cloud that gives them rights of its own. */
import type { V1ServiceAccount } from '@kubernetes/client-node'
import { Blank, type Open } from './blank.ts'
import { type Component, labelsOf, nameOf, namespace } from './names.ts'
import type { FromValues } from './values.ts'

export function accountOf(component: Component, from: FromValues): Open<V1ServiceAccount> {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: nameOf(component),
      namespace,
      labels: labelsOf(component),
      annotations: from('accounts.annotations'),
    },
    automountServiceAccountToken: false,
  }
}

/** Ours come first: by those the pods are found. */
export function podLabelsOf(component: Component, from: FromValues): Blank {
  const labels = labelsOf(component)
  const own = Object.entries(labels).map(([name, value]) => `${JSON.stringify(name)} ${JSON.stringify(value)}`)
  return new Blank(`(merge (dict ${own.join(' ')}) ${from('podLabels').expression})`, labels)
}
