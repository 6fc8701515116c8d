/** What the cluster has said of an attempt, for people who look into it. Pure. */

import type { Remark } from '../executor.ts'
import type { CoreV1Event, SeenPod } from './client/cluster.ts'

export function remarksOf(pods: readonly SeenPod[], events: readonly CoreV1Event[]): Remark[] {
  return [...pods.flatMap(placeOf), ...events.map(remarkOf)].sort((one, other) => one.at.getTime() - other.at.getTime())
}

function placeOf({ metadata, spec, status }: SeenPod): Remark[] {
  if (spec?.nodeName === undefined) return []
  const limits = Object.entries(spec.containers[0]?.resources?.limits ?? {})
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
