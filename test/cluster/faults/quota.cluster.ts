/** The namespace is full: work waits, says so, and goes on once there is room. */
import { describe, test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu, runningRun, standingOf } from './given.ts'

interface Quota {
  readonly status?: { readonly hard?: object }
}

const refusals = [
  ['of Jobs', { 'count/jobs.batch': '0' }, /can't be started yet: .*exceeded quota/],
  ['of GPUs', { 'requests.nvidia.com/gpu': '0' }, /its pod is refused, since the quota is used up: .*exceeded quota/],
] as const

describe('work waits for a quota that is used up, says so, and goes on once that is raised:', {
  concurrency: 2,
}, () => {
  for (const [what, hard, words] of refusals) {
    test(what, async (t) => {
      const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu() })
      const { admin } = cluster
      const witness = await watchAttempts(t, cluster, namespace)
      const path = `/api/v1/namespaces/${namespace}/resourcequotas`
      await admin.create(path, { metadata: { name: 'full' }, spec: { hard } })
      await eventually(async () => (await admin.get<Quota>(`${path}/full`)).status?.hard !== undefined)
      await edit(yard, 'bot-1')
      const { run } = await runningRun(yard, 'bot-1')
      await eventually(async () => words.test(await standingOf(yard, run, `${run}-1`)), {
        timeoutMs: 60_000,
        what: `${words} said of ${run}-1`,
      })
      await admin.remove(`${path}/full`)
      await becomesChampion(yard, 'bot-1', witness)
    })
  }
})
