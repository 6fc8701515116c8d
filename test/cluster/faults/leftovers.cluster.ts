/** The namespace is full of Jobs that no record tells of, as after the database was restored from an old backup. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endedRuns } from '../../chain/answers.ts'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Cluster } from '../cluster.ts'
import { createJob } from '../jobs.ts'
import type { Job, List } from '../objects.ts'
import { startClusterYard } from '../yard.ts'
import { edit, onGpu } from './given.ts'

const count = 2_000

test('a launcher that starts among two thousand Jobs that no record tells of trains as ever, and leaves them alone', async (t) => {
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu() })
  await yard.kill('SIGKILL')
  const names = Array.from({ length: count }, (_, index) => `run-${nameOf(index)}-1`)
  for (let first = 0; first < count; first += 50)
    await Promise.all(names.slice(first, first + 50).map((name) => leave(cluster, namespace, name)))
  await yard.start()
  await edit(yard, 'bot-1')
  const [run] = [...(await endedRuns(yard, ['bot-1'], 60_000)).values()]
  const champion = await eventually(() => championOf(yard, 'bot-1'))
  assert.deepEqual([run?.state, champion.sequence], ['succeeded', 1])
  await eventually(async () => {
    const { items } = await cluster.admin.get<List<Job>>(`/apis/batch/v1/namespaces/${namespace}/jobs`)
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      names,
    )
    return items.every(({ metadata }) => metadata.deletionTimestamp === undefined)
  })
})

/** In the letters that names of runs are made of, and in the order in which the API server lists them. */
const nameOf = (index: number): string =>
  index
    .toString(6)
    .padStart(10, '0')
    .replaceAll(/\d/g, (digit) => 'abcdef'[Number(digit)] ?? '')

/** Looked after by nobody here, so that it makes no pod. */
const leave = (cluster: Cluster, namespace: string, name: string): Promise<Job> =>
  createJob(cluster, namespace, {
    name,
    labels: { 'app.kubernetes.io/name': 'trainyard-attempt', 'app.kubernetes.io/managed-by': 'trainyard' },
    job: { managedBy: 'test.example.com/nobody' },
  })
