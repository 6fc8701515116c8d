/** Somebody sets the clock of the launcher's machine while attempts run and wait. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { temporaryFolder } from '../../runner/program.ts'
import { begun, endOf, jobType, placements, stands, train } from '../ends/given.ts'
import { replaceFile } from '../files.ts'
import { podThat } from '../jobs.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'

const hourMs = 3_600_000
const lateImage = 'registry.example.com/late:1'
const types = { working: { hyperparameters: { sleepMs: 3_000 } }, unpulled: { image: lateImage } }

test('I1: no attempt is given up, ended or made anew because the clock of the launcher jumps an hour forward, and two back', async (t) => {
  const clock = join(await temporaryFolder(t), 'clock')
  await replaceFile(clock, '0')
  const configuration = `jobTypes:\n${Object.entries(types)
    .map(([name, parts]) => jobType(name, parts))
    .join('')}${placements}`
  const variables = {
    NODE_OPTIONS: `--import=${new URL('moved-clock.ts', import.meta.url)}`,
    TEST_CLOCK_FILE: clock,
  }
  const { yard, cluster, namespace, kubelets } = await startClusterYard(t, { configuration, variables, gpus: 8 })
  const witness = watchAttempts(t, cluster, namespace)
  for (const { images } of kubelets) images.fail(lateImage)
  const waiting = await train(yard, 'unpulled')
  await stands(yard, waiting, /^its image registry\.example\.com\/late:1 can't be pulled/)

  const runs = [waiting]
  for (const offMs of [hourMs, -hourMs, 0]) {
    // One begins before the clock is set, one after.
    const before = await train(yard, 'working', `before ${offMs}`)
    await begun(yard, before)
    await replaceFile(clock, String(offMs))
    await eventually(async () => (await readFile(`${clock}.kept`, 'utf8')) === String(offMs))
    // Whoever waits is looked at.
    const { metadata } = await podThat(cluster, namespace, `${waiting}-1`, () => true)
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}`
    await cluster.admin.patch(path, { metadata: { annotations: { 'test/off-ms': String(offMs) } } })
    const after = await train(yard, 'working', `after ${offMs}`)
    for (const run of [before, after]) await endOf(yard, run)
    runs.push(before, after)
  }
  for (const { images } of kubelets) images.allow(lateImage)
  for (const run of runs) {
    const { state, attempts } = await endOf(yard, run)
    assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['done']], JSON.stringify(attempts))
  }
  await witness.empty()
  await witness.check()
})
