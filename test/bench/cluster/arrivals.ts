import { follow } from '../../cluster/follow.ts'
import type { Job } from '../../cluster/objects.ts'
import { cleanup } from '../../harness/cleanup.ts'
import type { Ground } from './ground.ts'

/** When the Jobs of a namespace came to be, as a watch hears of them: by what `keyOf` says of each, by the wall clock. */
export function followArrivals(
  { t, controlPlane }: Ground,
  namespace: string,
  keyOf: (job: Job) => string,
): ReadonlyMap<string, number> {
  const arrivals = new Map<string, number>()
  const following = follow<Job>(
    controlPlane.admin,
    `/apis/batch/v1/namespaces/${namespace}/jobs`,
    {},
    {
      changed(job) {
        const key = keyOf(job)
        if (!arrivals.has(key)) arrivals.set(key, performance.now())
      },
      gone() {},
    },
  )
  cleanup(t, () => following.stop())
  return arrivals
}
