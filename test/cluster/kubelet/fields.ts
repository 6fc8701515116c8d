import type { Pod } from '../pods.ts'
import { Unsupported } from './sources.ts'

export interface Place {
  readonly nodeName: string
  readonly address: string
}

/** What the downward API gives of a pod, by the path of its field. */
export function fieldOf(pod: Pod, { nodeName, address }: Place, path: string): string {
  const [, kind, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? []
  if (kind !== undefined && key !== undefined) return pod.metadata[kind as 'labels' | 'annotations']?.[key] ?? ''
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': address,
    'status.podIPs': address,
    'status.hostIP': address,
    'status.hostIPs': address,
  }
  const value = fields[path]
  if (value === undefined) throw new Unsupported(`the test's kubelet does not know the field ${path}`)
  return value
}
