import { eventsOf } from '../../cluster/follow.ts'
import type { Job, List } from '../../cluster/objects.ts'
import { cleanup } from '../../harness/cleanup.ts'
import type { Ground } from './ground.ts'

/**
 * When the Jobs of a namespace came to be, as a watch hears of them from now on: by what `keyOf` says of each, in milliseconds
 * of this process. Nothing else is kept of them: who measures is on the same two cores, and is not to be seen in what it
 * measures.
 */
export async function followArrivals(
  { t, controlPlane: { admin } }: Ground,
  namespace: string,
  keyOf: (job: Job) => string,
): Promise<ReadonlyMap<string, number>> {
  const arrivals = new Map<string, number>()
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`
  const { metadata } = await admin.get<List<Job>>(path)
  const stopping = new AbortController()
  const stream = await admin.stream(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, stopping.signal)
  const following = (async () => {
    for await (const { type, object } of eventsOf<Job>(stream)) {
      const key = keyOf(object)
      if (type === 'ADDED' && !arrivals.has(key)) arrivals.set(key, performance.now())
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  cleanup(t, async () => {
    stopping.abort()
    await following
  })
  return arrivals
}
