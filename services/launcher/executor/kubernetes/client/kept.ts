/**
 * What is kept of the objects that are read: what the executor looks at. The rest, above all the template of a Job, what its
 * containers are to be, and who set which field, is most of an object, and a launcher holds thousands.
 */
import type {
  V1Container,
  V1Job,
  V1JobSpec,
  V1Node,
  V1NodeSpec,
  V1NodeStatus,
  V1Pod,
  V1PodSpec,
} from '@kubernetes/client-node'

export interface SeenJob extends Pick<V1Job, 'metadata' | 'status'> {
  spec?: Pick<V1JobSpec, 'suspend'>
}

export interface SeenNode extends Pick<V1Node, 'metadata'> {
  spec?: Pick<V1NodeSpec, 'taints'>
  status?: Pick<V1NodeStatus, 'allocatable'>
}

export interface SeenPod extends Pick<V1Pod, 'metadata' | 'status'> {
  spec?: Pick<V1PodSpec, 'nodeName' | 'nodeSelector' | 'affinity' | 'tolerations'> & {
    containers: Pick<V1Container, 'name' | 'resources'>[]
    initContainers?: Pick<V1Container, 'name' | 'restartPolicy'>[]
  }
}

/** `true`: all of it. */
export type Kept = true | { readonly [field: string]: Kept }

const metadata = {
  name: true,
  uid: true,
  resourceVersion: true,
  generation: true,
  labels: true,
  annotations: true,
  ownerReferences: true,
  finalizers: true,
  creationTimestamp: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
} as const

export const ofJobs: Kept = { metadata, spec: { suspend: true }, status: true }

export const ofPods: Kept = {
  metadata,
  spec: {
    nodeName: true,
    nodeSelector: true,
    affinity: true,
    tolerations: true,
    containers: { name: true, resources: true },
    initContainers: { name: true, restartPolicy: true },
  },
  status: true,
}

export const ofNodes: Kept = { metadata, spec: { taints: true }, status: { allocatable: true } }

export const ofEvents: Kept = true

export function pick(value: unknown, kept: Kept): unknown {
  if (kept === true || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => pick(each, kept))
  const fields = value as Readonly<Record<string, unknown>>
  const there = Object.entries(kept).filter(([field]) => field in fields)
  return Object.fromEntries(there.map(([field, inner]) => [field, pick(fields[field], inner)]))
}
