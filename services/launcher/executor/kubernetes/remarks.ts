/** What the cluster has said of an attempt, for people who look into it. Pure. */

import type { Remark } from '../executor.ts'
import type { CoreV1Event, SeenJob, SeenPod } from './client/cluster.ts'
import { containers } from './names.ts'
import { disruptionOf, toldToStopMs } from './pod-end.ts'

export function remarksOf(
  job: SeenJob | undefined,
  pods: readonly SeenPod[],
  events: readonly CoreV1Event[],
): Remark[] {
  const remarks = [...deletionOf(job), ...pods.flatMap(placeOf), ...pods.flatMap(endOf), ...events.map(remarkOf)]
  return remarks.sort((one, other) => one.at.getTime() - other.at.getTime())
}

function deletionOf(job: SeenJob | undefined): Remark[] {
  const { deletionTimestamp } = job?.metadata ?? {}
  return deletionTimestamp === undefined ? [] : [{ at: timeOf(deletionTimestamp), words: 'its Job was deleted' }]
}

/** Its runner knows no more than that it was told to stop, and not why. */
function endOf(pod: SeenPod): Remark[] {
  const disruption = disruptionOf(pod)
  if (disruption === undefined) return []
  const told = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.lastTransitionTime
  const at = told ?? new Date(toldToStopMs(pod) ?? timeOf(pod.status?.startTime))
  return [{ at: timeOf(at), words: disruption.words }]
}

function placeOf({ metadata, spec, status }: SeenPod): Remark[] {
  if (spec?.nodeName === undefined) return []
  const program = spec.containers.find(({ name }) => name === containers.program)
  const limits = Object.entries(program?.resources?.limits ?? {})
  const devices = limits.filter(([name]) => name.includes('/')).map(([name, count]) => ` with ${count} ${name}`)
  return [
    {
      at: timeOf(status?.startTime ?? metadata?.creationTimestamp),
      words: `pod ${metadata?.name} on node ${spec.nodeName}${devices.join(',')}`,
    },
  ]
}

function remarkOf({
  involvedObject,
  reason,
  message,
  count,
  firstTimestamp,
  lastTimestamp,
  eventTime,
  series,
}: CoreV1Event): Remark {
  const times = series?.count ?? count ?? 1
  const often = times > 1 ? ` (${times} times)` : ''
  return {
    at: timeOf(lastTimestamp ?? series?.lastObservedTime ?? eventTime ?? firstTimestamp),
    words: `${involvedObject.kind} ${reason ?? ''}: ${message ?? ''}${often}`,
  }
}

const timeOf = (time: Date | string | undefined): Date => new Date(time ?? 0)
