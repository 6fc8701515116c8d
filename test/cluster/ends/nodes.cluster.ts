/** A node goes away under an attempt: whoever cannot know that it has ended does not start its successor (D13, I1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podsOfJob, podThat } from '../jobs.ts'
import type { Pod } from '../pods.ts'
import { attemptsOf, endOf, runsOnNode, stands } from './given.ts'

const isTaken = ({ metadata }: Pod) => metadata.deletionTimestamp

test('D13: while a node is lost nobody starts a second attempt, and when it is back without it the next one begins', async (t) => {
  const { here, census, run, kubelet } = await runsOnNode(t)
  kubelet.loseNode('die')
  await podThat(here.cluster, here.namespace, `${run}-1`, isTaken)
  await stands(here.yard, run, /^is told to stop; its node \S+ does not answer, so nobody can tell when it has$/)
  assert.equal((await attemptsOf(here.yard, run)).length, 1)
  await kubelet.recoverNode()
  const { state, attempts } = await endOf(here.yard, run)
  assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['stopped', 'done']])
  await census.check()
})

test('D13: a node that is only cut off ends its attempt when it is back, and only then the next one begins', async (t) => {
  const { here, census, run, kubelet } = await runsOnNode(t)
  kubelet.loseNode()
  await podThat(here.cluster, here.namespace, `${run}-1`, isTaken)
  await stands(here.yard, run, /its node \S+ does not answer/)
  assert.equal((await podsOfJob(here.cluster, here.namespace, `${run}-2`)).length, 0)
  await kubelet.recoverNode()
  const { state, attempts } = await endOf(here.yard, run)
  assert.equal(state, 'succeeded')
  // Its runner, which was never cut off from the launcher, has told of the end.
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome),
    ['stopped', 'done'],
  )
  await census.check()
})
