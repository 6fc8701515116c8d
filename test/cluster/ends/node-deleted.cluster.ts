/** A node is taken out of the cluster under an attempt. The cluster itself waits a while for such a node: the test does, too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { podsOfJob } from '../jobs.ts'
import { endOf, runsOnNode } from './given.ts'

test('a node that is deleted takes its attempt along, and the next one begins elsewhere at no cost', async (t) => {
  const { here, census, run, kubelet } = await runsOnNode(t)
  await kubelet.removeNode()
  const { state, attempts } = await endOf(here.yard, run, 150_000)
  assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['stopped', 'done']])
  assert.match(attempts[0]?.reason ?? '', /its node is gone|its node was lost|PodFailurePolicy/)
  await eventually(async () => (await podsOfJob(here.cluster, here.namespace, `${run}-1`)).length === 0)
  await census.check()
})
