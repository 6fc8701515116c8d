/** What an attempt runs on, or talks to, goes away. Whoever cannot know that it has ended does not start its successor (D13, I1). */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { logOf } from '../../chain/answers.ts'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import { attemptsOf, endOf, jobType, kubeletOf, placements, runsOnNode, stands, train } from '../ends/given.ts'
import { podsOfJob, podThat } from '../jobs.ts'
import type { Pod } from '../pods.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, onGpu, training } from './given.ts'

const isTaken = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined
const outcomesOf = ({ state, attempts }: Awaited<ReturnType<typeof endOf>>) => [
  state,
  ...attempts.map(({ outcome }) => outcome),
]

/** Nobody answers the runner for a minute, in which its program ends. */
async function withoutLauncher(t: TestContext, goesAway: (yard: Yard) => unknown, comesBack: (yard: Yard) => unknown) {
  const configuration = onGpu({ sleepMs: 3_000 }).replace('attemptDeadlineSeconds: 120', 'attemptDeadlineSeconds: 1200')
  const { yard, run, witness } = await training(t, { configuration })
  await eventually(async () => (await logOf(yard, run)) !== '')
  await goesAway(yard)
  await delay(60_000)
  await comesBack(yard)
  await becomesChampion(yard, 'bot-1', witness)
  assert.equal((await logOf(yard, run)).match(/slept/g)?.length, 10)
}

describe('an attempt', { concurrency: 4 }, () => {
  // The cluster itself waits for longer than a minute before it believes that such a node will not be back.
  test('whose node is taken out of the cluster goes with it, and the next one begins elsewhere at no cost', async (t) => {
    const { here, witness, run, kubelet } = await runsOnNode(t)
    await kubelet.removeNode()
    const end = await endOf(here.yard, run)
    assert.deepEqual(outcomesOf(end), ['succeeded', 'stopped', 'done'])
    assert.match(end.attempts[0]?.reason ?? '', /its node is gone|its node was lost|PodFailurePolicy/)
    await eventually(async () => (await podsOfJob(here.cluster, here.namespace, `${run}-1`)).length === 0)
    await witness.check()
  })

  test('goes on while its launcher is dead for a minute, and hands in its work once there is another', (t) =>
    withoutLauncher(
      t,
      (yard) => yard.kill('SIGKILL'),
      (yard) => yard.start(),
    ))

  test('goes on while its launcher stands still for a minute, and hands in its work once that goes on', (t) =>
    withoutLauncher(
      t,
      ({ pid }) => process.kill(pid, 'SIGSTOP'),
      ({ pid }) => process.kill(pid, 'SIGCONT'),
    ))

  test('D13: whose node is lost has no successor until the node is back without it', async (t) => {
    const { here, witness, run, kubelet } = await runsOnNode(t)
    await kubelet.loseNode('die')
    await podThat(here.cluster, here.namespace, `${run}-1`, isTaken)
    await stands(here.yard, run, /^is told to stop; its node \S+ does not answer, so nobody can tell when it has$/)
    assert.equal((await attemptsOf(here.yard, run)).length, 1)
    await kubelet.recoverNode()
    const end = await endOf(here.yard, run)
    assert.deepEqual(outcomesOf(end), ['succeeded', 'stopped', 'done'])
    assert.match(end.attempts[0]?.reason ?? '', /node was lost/)
    await witness.check()
  })

  test('D13: whose node is lost before a runner has claimed it is followed by one elsewhere, at no cost, and goes once the node is back', async (t) => {
    const image = 'registry.example.com/late:1'
    const configuration = `jobTypes:\n${jobType('intents', { image })}${placements}`
    const here = await startClusterYard(t, { configuration, nodes: 2, gpus: 1 })
    for (const { images } of here.kubelets) images.fail(image)
    // Whatever comes of it, its runner was never let in, and will not be.
    const witness = watchAttempts(
      t,
      here.cluster,
      here.namespace,
      (pod) => isTaken(pod) && pod.status.phase === 'Pending',
    )
    const run = await train(here.yard, 'intents')
    await stands(here.yard, run, /^its image \S+ can't be pulled/)
    const { spec } = await podThat(here.cluster, here.namespace, `${run}-1`, (pod) => pod.spec.nodeName)
    const lost = kubeletOf(here, spec.nodeName)
    for (const kubelet of here.kubelets) if (kubelet !== lost) kubelet.images.allow(image)
    await lost.loseNode('die')
    const end = await endOf(here.yard, run)
    assert.deepEqual(outcomesOf(end), ['succeeded', 'stopped', 'done'])
    assert.match(end.attempts[0]?.reason ?? '', /its node \S+ does not answer/)
    await lost.recoverNode()
    await eventually(async () => (await podsOfJob(here.cluster, here.namespace, `${run}-1`)).length === 0)
    await witness.check()
  })

  test('whose node somebody empties by a taint is told to stop, and not said to be on a node that does not answer', async (t) => {
    const hyperparameters = { hang: 'ignoreTerm', untilAttempt: 1 }
    const { here, witness, run, pod } = await runsOnNode(t, { hyperparameters })
    await here.cluster.kubectl('taint', 'node', pod.spec.nodeName ?? '', 'test/maintenance=now:NoExecute')
    await podThat(here.cluster, here.namespace, `${run}-1`, isTaken)
    assert.equal(await stands(here.yard, run, /^is told to stop/), 'is told to stop')
    assert.deepEqual(outcomesOf(await endOf(here.yard, run)), ['succeeded', 'stopped', 'done'])
    await witness.check()
  })

  test('D13: that is cancelled while its node is lost is said to be there once its time to stop is over', async (t) => {
    // What nobody takes away from there but whoever cancels it.
    const tolerations = '[{ key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute }]'
    const { here, witness, run, kubelet } = await runsOnNode(t, { tolerations })
    await kubelet.loseNode('die')
    await here.yard.post(`/runs/${run}/cancel`, { actor: 'ada', reason: 'a test' })
    await stands(here.yard, run, /^is told to stop; its node \S+ does not answer/, 120_000)
    await kubelet.recoverNode()
    assert.deepEqual(outcomesOf(await endOf(here.yard, run)), ['cancelled', 'stopped'])
    await witness.check()
  })

  test('D13: whose node is cut off has none either, until the node is back and has ended it', async (t) => {
    const { here, witness, run, kubelet } = await runsOnNode(t)
    await kubelet.loseNode()
    await podThat(here.cluster, here.namespace, `${run}-1`, isTaken)
    await stands(here.yard, run, /its node \S+ does not answer/)
    assert.equal((await podsOfJob(here.cluster, here.namespace, `${run}-2`)).length, 0)
    await kubelet.recoverNode()
    // Its runner, which was never cut off from the launcher, has told of the end.
    assert.deepEqual(outcomesOf(await endOf(here.yard, run)), ['succeeded', 'stopped', 'done'])
    await witness.check()
  })

  test('whose node is cut off goes on, and its work counts', async (t) => {
    const { yard, witness, kubelets } = await training(t, { configuration: onGpu({ sleepMs: 3_000 }) })
    await kubelets[0]?.loseNode()
    await eventually(() => championOf(yard, 'bot-1'))
    await kubelets[0]?.recoverNode()
    await becomesChampion(yard, 'bot-1', witness)
  })
})
