/** One GPU, and more who want it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { attemptsOf, runsOf } from '../chain/answers.ts'
import { eventually } from '../harness/eventually.ts'
import type { Yard } from '../harness/yard.ts'
import { edit, onGpu, runningPod, runningRun, training } from './faults/given.ts'
import { podThat } from './jobs.ts'

const command = fileURLToPath(new URL('../../bin/trainyard.js', import.meta.url))

/** What a person is told who asks on the command line. */
async function why(yard: Yard, bot: string): Promise<string> {
  const environment = { ...process.env, TRAINYARD_URL: yard.url }
  return (await promisify(execFile)(process.execPath, [command, 'why', bot], { env: environment })).stdout
}

test('I2: a run that a newer request stops gives its GPU back, and the run that waits for it gets it', async (t) => {
  const configuration = onGpu({ hang: 'untilTerm' }, 'whenNewer: supersede')
  const { yard, cluster, namespace, kubelets, witness, ...first } = await training(t, { configuration, gpus: 1 })

  await edit(yard, 'bot-2')
  const { run: waiting } = await runningRun(yard, 'bot-2')
  const told = await eventually(async () => {
    const words = await why(yard, 'bot-2')
    return words.includes('GPU') && words
  })
  assert.ok(told.startsWith(`${waiting} has its slot and waits for a GPU: 0 of 1 nodes free (for `), told)

  await edit(yard, 'bot-1', 2)
  const placed = await podThat(cluster, namespace, `${waiting}-1`, ({ spec }) => spec.nodeName)
  assert.deepEqual([placed.spec.nodeName, first.pod.spec.nodeName], [kubelets[0]?.node, kubelets[0]?.node])
  await eventually(async () =>
    (await runsOf(yard, 'bot-1')).some(({ run, state }) => run === first.run && state === 'superseded'),
  )
  assert.equal((await attemptsOf(yard, first.run))[0]?.outcome, 'stopped')

  // It goes round: who took the place waits now, and gets the GPU of the one that had waited.
  const { run: next } = await runningRun(yard, 'bot-1')
  await yard.post(`/runs/${waiting}/cancel`, { actor: 'ann', reason: 'it has shown what it was for' })
  await runningPod({ cluster, namespace }, `${next}-1`)
  await yard.post(`/runs/${next}/cancel`, { actor: 'ann', reason: 'and so has this one' })
  await witness.empty()
  await witness.check()
})
