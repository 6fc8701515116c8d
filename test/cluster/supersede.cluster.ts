/** One GPU, and more who want it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { attemptsOf, endedRuns, type Run, runsOf } from '../chain/answers.ts'
import { eventually } from '../harness/eventually.ts'
import type { Yard } from '../harness/yard.ts'
import { edit, onGpu, runningPod, runningRun } from './faults/given.ts'
import { podThat } from './jobs.ts'
import { watchAttempts } from './witness.ts'
import { startClusterYard } from './yard.ts'

const command = fileURLToPath(new URL('../../bin/trainyard.js', import.meta.url))

/** What a person is told who asks on the command line. */
async function why(yard: Yard, bot: string): Promise<string> {
  const environment = { ...process.env, TRAINYARD_URL: yard.url }
  return (await promisify(execFile)(process.execPath, [command, 'why', bot], { env: environment })).stdout
}

test('I2: a run that a newer request stops gives its GPU back, and the run that waits for it gets it', async (t) => {
  const place = await startClusterYard(t, {
    configuration: onGpu({ sleepMs: 10_000 }, 'whenNewer: supersede'),
    gpus: 1,
  })
  const { yard, cluster, namespace, kubelets } = place
  const witness = await watchAttempts(t, cluster, namespace)
  await edit(yard, 'first')
  const { run: stopped } = await runningRun(yard, 'first')
  const holder = await runningPod(place, `${stopped}-1`)

  await edit(yard, 'second')
  const { run: waiting } = await runningRun(yard, 'second')
  const told = await eventually(async () => {
    const words = await why(yard, 'second')
    return words.includes('GPU') && words
  })
  assert.ok(told.startsWith(`${waiting} has its slot and waits for a GPU: 0 of 1 nodes free (for `), told)

  await edit(yard, 'first', 2)
  const placed = await podThat(cluster, namespace, `${waiting}-1`, ({ spec }) => spec.nodeName)
  assert.deepEqual([placed.spec.nodeName, holder.spec.nodeName], [kubelets[0]?.node, kubelets[0]?.node])
  await eventually(async () =>
    (await runsOf(yard, 'first')).some(({ run, state }) => run === stopped && state === 'superseded'),
  )
  assert.equal((await attemptsOf(yard, stopped))[0]?.outcome, 'stopped')

  const last = await endedRuns(yard, ['first', 'second'], 60_000)
  assert.deepEqual(
    [...last.values()].map(({ state }: Run) => state),
    ['succeeded', 'succeeded'],
  )
  await witness.empty()
  witness.assertOnce()
})
