import type { Container, Pod } from '../pods.ts'
import { NotThere } from './sources.ts'

export interface User {
  readonly id: number
  readonly group: number
  readonly groups: readonly number[]
}

/** As whom a container runs; undefined means as whoever runs the kubelet, which is what its image says. */
export function userOf({ spec }: Pod, container: Container): User | undefined {
  const { runAsUser, runAsGroup = 0, runAsNonRoot } = { ...spec.securityContext, ...container.securityContext }
  if (runAsNonRoot && !runAsUser) throw new NotThere('container has runAsNonRoot and image will run as root')
  if (runAsUser === undefined) return undefined
  const { fsGroup } = spec.securityContext ?? {}
  return { id: runAsUser, group: runAsGroup, groups: fsGroup === undefined ? [] : [fsGroup] }
}
