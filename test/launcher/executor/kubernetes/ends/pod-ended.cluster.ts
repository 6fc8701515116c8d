/** How a pod ends of itself, in the words of a real kubelet's states: what is said of it, and whether it was the program's doing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptName } from '../../../../runner/run-api.ts'
import { ended } from '../../attempts.ts'
import { listenForHearts } from '../../heart.ts'
import { kubernetesSubject, podsIn } from '../subject.ts'

test('a pod that outlives its deadline is ended and says so, and it was not disrupted', async (t) => {
  const hearts = await listenForHearts(t)
  const subject = await kubernetesSubject(t)
  const executor = subject.open()
  await executor.start(await subject.attempt(hearts.beatingUntilTold))
  await hearts.begun()
  const { metadata } = await subject.pod()
  await subject.cluster.admin.patch(`${podsIn(subject.namespace)}/${metadata.name}`, {
    spec: { activeDeadlineSeconds: 1 },
  })
  const end = await ended(executor)
  assert.deepEqual([end.reason, end.isDisrupted], ['its pod was ended after the longest time that it may last', false])
  await hearts.stopped()
  await subject.check?.()
})

test('a runner image that cannot run says what the machine said', async (t) => {
  const subject = await kubernetesSubject(t, { files: { '/trainyard-runner/node': '/dev/null' } })
  const executor = subject.open()
  await executor.start(await subject.attempt())
  const end = await ended(executor)
  assert.match(end.reason, /^its pod ended before the program began: .*\/trainyard-runner\/node/)
  assert.equal(end.isDisrupted, false)
})

test('a program that was killed for its memory is told from one that was evicted', async (t) => {
  const hearts = await listenForHearts(t)
  for (const [how, words, isDisrupted] of [
    ['exhausted', /^it was killed for using more memory than its placement gives/, false],
    ['evicted', /^its node ended it: The node was low on resource/, true],
  ] as const) {
    await t.test(how, async (t) => {
      const subject = await kubernetesSubject(t)
      const executor = subject.open()
      await executor.start(await subject.attempt(hearts.beatingUntilTold))
      const { metadata } = await subject.pod(({ status }) => status.containerStatuses?.[0]?.state.running)
      const [kubelet] = subject.kubelets
      if (how === 'evicted') kubelet?.evict(metadata.name)
      else kubelet?.exhaust(metadata.name)
      const end = await ended(executor)
      assert.match(end.reason, words)
      assert.equal(end.isDisrupted, isDisrupted)
      await subject.check?.()
    })
  }
})

test('remarks tell the node, its GPU and what the cluster said, also after the end', async (t) => {
  const subject = await kubernetesSubject(t)
  const executor = subject.open()
  await executor.start(await subject.attempt())
  await ended(executor)
  const words = (await executor.remarks(attemptName)).map((remark) => remark.words)
  const [{ node } = { node: '' }] = subject.kubelets
  assert.ok(
    words.some((each) => each.endsWith(`on node ${node} with 1 nvidia.com/gpu`)),
    words.join('\n'),
  )
  assert.ok(words.some((each) => each.startsWith('Pod Scheduled: ')))
})
