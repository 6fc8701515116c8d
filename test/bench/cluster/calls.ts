import { setTimeout as delay } from 'node:timers/promises'
import { botUpdated, championOf, datasetOf, postDataset } from '../../chain/bot.ts'
import { packageImage, runnerImage } from '../../cluster/images.ts'
import { startKubelet } from '../../cluster/kubelet/kubelet.ts'
import type { Job, List } from '../../cluster/objects.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import type { Row } from '../rows.ts'
import type { Audit } from './audit.ts'
import { onGpu } from './configuration.ts'
import { type Ground, onCluster } from './ground.ts'

const bots = 10
const idleMs = 60_000

/** What the API server is asked for a run over its life, from a first training to that beside which the champion sits its exam; and then for none. */
export async function benchJobsCalls(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      const { t, controlPlane, namespace } = ground
      await startKubelet(t, controlPlane, { namespace, gpus: 2, files: { ...runnerImage, ...packageImage } })
      const yard = await ground.start(onGpu(2))
      const first = await callsFor(ground, yard, 1)
      const later = await callsFor(ground, yard, 2)
      const before = await ground.audit()
      await delay(idleMs)
      const idle = difference(await ground.audit(), before)
      return [
        { figure: "API calls a run, a bot's first", value: first.total / bots, unit: '', target: '≤ 12' },
        {
          figure: 'API calls a run, with the exam of the champion',
          value: later.total / bots,
          unit: '',
          target: '≤ 12',
        },
        ...Object.entries(later.calls).map(([call, count]) => ({
          figure: `API calls a run, with the exam of the champion: ${call}`,
          value: count / bots,
          unit: '',
          target: '',
        })),
        { figure: 'API calls in a minute in which nothing happens', value: idle.total, unit: '', target: '= 0' },
        { figure: 'watches begun in a minute in which nothing happens', value: idle.watches, unit: '', target: '' },
      ]
    },
    { audited: true },
  )
}

async function callsFor(ground: Ground, yard: Yard, revision: number): Promise<Audit> {
  const before = await ground.audit()
  for (let bot = 0; bot < bots; bot += 1) {
    // Each its own: a champion answers an exam once, for all who have the same.
    const dataset = await postDataset(yard, datasetOf(`edit ${revision} of bot ${bot}`))
    await yard.post('/events', botUpdated(`bot-${bot}`, dataset, revision), 'application/cloudevents+json')
  }
  const limit = { timeoutMs: 300_000 }
  for (let bot = 0; bot < bots; bot += 1) {
    await eventually(async () => (await championOf(yard, `bot-${bot}`))?.sequence === revision, limit)
  }
  const jobs = `/apis/batch/v1/namespaces/${ground.namespace}/jobs`
  await eventually(async () => (await ground.controlPlane.admin.get<List<Job>>(jobs)).items.length === 0, limit)
  return difference(await ground.audit(), before)
}

function difference(now: Audit, before: Audit): Audit {
  const calls = Object.entries(now.calls).map(([call, count]) => [call, count - (before.calls[call] ?? 0)] as const)
  return {
    calls: Object.fromEntries(calls.filter(([, count]) => count > 0)),
    total: now.total - before.total,
    watches: now.watches - before.watches,
  }
}
