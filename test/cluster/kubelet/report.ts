import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '../client.ts'
import type { Pod, PodStatus } from '../pods.ts'
import type { KubeletContext } from './context.ts'

/** Says what became of a pod until it was heard, and the latest only. */
export interface Report {
  say(status: PodStatus): void
  /** Resolves once all that was said is known, or nobody wants to know it. */
  heard(): Promise<void>
  /** Takes the pod, which has ended, out of the API. */
  remove(): Promise<void>
}

export function makeReport({ metadata: { namespace, name, uid } }: Pod, context: KubeletContext): Report {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`
  let unsaid: PodStatus | undefined
  let saying: Promise<void> | undefined

  /** Until it is answered. An answer that there is no such pod is one. */
  async function insist(ask: () => Promise<unknown>): Promise<void> {
    do {
      if (context.connected()) {
        try {
          await ask()
          return
        } catch (error) {
          if (error instanceof Refusal && [404, 409].includes(error.status)) return
          if (error instanceof Refusal && error.status < 429) throw error
        }
      }
      await delay(100, undefined, { ref: false })
    } while (!context.closed.aborted)
  }

  async function sayAll(): Promise<void> {
    while (unsaid) {
      await insist(async () => {
        const status = unsaid
        await context.client.patch(`${path}/status`, { metadata: { uid }, status }, 'strategic')
        if (unsaid === status) unsaid = undefined
      })
      // Refused for good: the pod is gone.
      if (unsaid && (context.closed.aborted || !(await exists()))) unsaid = undefined
    }
    saying = undefined
  }

  const exists = () =>
    context.client.get<Pod>(path).then(
      (pod) => pod.metadata.uid === uid,
      (error: unknown) => !(error instanceof Refusal && error.status === 404),
    )

  return {
    say(status) {
      unsaid = status
      saying ??= sayAll()
    },
    async heard() {
      await saying
    },
    remove: () => insist(() => context.client.remove(path, { gracePeriodSeconds: 0, preconditions: { uid } })),
  }
}
