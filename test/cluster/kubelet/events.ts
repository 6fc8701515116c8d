import type { Pod } from '../pods.ts'
import type { KubeletContext } from './context.ts'
import { secondsNow } from './status.ts'

/** What a kubelet tells of a pod, beside its status. */
export interface Events {
  /** What is told again is counted. Nothing waits for what could not be told. */
  tell(type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): Promise<void>
}

export function makeEvents(
  { metadata: { namespace, name, uid } }: Pod,
  { client, place, connected }: KubeletContext,
): Events {
  const told = new Map<string, { readonly name: string; count: number }>()
  const path = `/api/v1/namespaces/${namespace}/events`

  async function say(type: string, reason: string, message: string, fieldPath: string): Promise<void> {
    const lastTimestamp = secondsNow()
    const known = told.get(fieldPath + reason + message)
    if (known) {
      known.count += 1
      await client.patch(`${path}/${known.name}`, { count: known.count, lastTimestamp })
      return
    }
    const event = { name: `${name}.${told.size}`, count: 1 }
    told.set(fieldPath + reason + message, event)
    await client.create(path, {
      metadata: { name: event.name },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid, fieldPath },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: lastTimestamp,
      lastTimestamp,
      source: { component: 'kubelet', host: place.nodeName },
    })
  }

  return {
    async tell(type, reason, message, fieldPath = '') {
      if (connected()) await say(type, reason, message, fieldPath).catch(() => {})
    },
  }
}
