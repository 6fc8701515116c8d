import { AttemptName, RunId } from '../../../schemas/words.ts'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { openLog } from '../../../services/kit/log.ts'
import { migrateAll } from '../../../services/kit/store/migrate.ts'
import type { Cluster, V1Job } from '../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { buildJob } from '../../../services/launcher/executor/kubernetes/job.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { attemptOf, settings } from '../../launcher/executor/kubernetes/given.ts'
import type { Ground } from './ground.ts'

/** A Job as the launcher makes it, by a number. */
export function bareJob({ namespace }: Cluster, index: number): V1Job {
  const letters = [...String(index).padStart(10, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')
  const run = RunId.parse(`run-${letters}`)
  const parts = { placement: { gpus: 1, memoryGiB: 1 } }
  return buildJob(attemptOf(parts, { run, name: AttemptName.parse(`${run}-1`) }), { ...settings, namespace })
}

/** What anybody would write first: a message on the embedded bus, and a consumer that makes a Job of it. */
export async function openBareLoop({ t, database }: Ground, cluster: Cluster) {
  await migrateAll(database, [])
  // As the services have it.
  const bus = openLogBus({ database, clock: systemClock, log: openLog('silent'), pollMs: 500, batchSize: 500 })
  const subscribed = await bus.subscribe({
    group: 'bare',
    topics: ['bare'],
    from: 'beginning',
    position: async () => undefined,
    async handle({ messages }) {
      await Promise.all(messages.map(({ key }) => cluster.createJob(bareJob(cluster, Number(key)))))
      return true
    },
  })
  cleanup(t, () => subscribed.stop())
  return {
    send: (index: number) =>
      bus.publish([{ topic: 'bare', key: Buffer.from(String(index)), headers: {}, value: Buffer.from('{}') }]),
  }
}
