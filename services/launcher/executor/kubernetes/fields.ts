/** What of the cluster's objects is read in more than one place. */
import type { SeenPod, V1ContainerState } from './client/cluster.ts'
import { containers } from './names.ts'

/** Of a text or a `Date`: what comes over a watch is plain JSON. No time is no number. */
export const timeMs = (time: Date | string | undefined): number => new Date(time ?? Number.NaN).getTime()

/** Others may have added containers of their own. */
export function programOf({ status }: SeenPod): V1ContainerState | undefined {
  return status?.containerStatuses?.find(({ name }) => name === containers.program)?.state
}
