/**
 * What a call leaves to the next full garbage collection. That one holds up the whole process, and what is done many times a
 * second must not call for one every few seconds: what is old by mistake, as whatever hangs on a function that was written
 * into a property, is told by this alone.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { cleanup } from '../../../../harness/cleanup.ts'
import { temporaryFolder } from '../../../../runner/program.ts'
import { writeKubeconfig } from './api-server.ts'
import { openTestCluster } from './clusters.ts'

const answerKilobytes = 14
const calls = 600
const callsPerYoungCollection = 100

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

test('an answer of the API server goes with the young objects', async (t) => {
  const url = await serveElsewhere(t)
  const trust = { 'insecure-skip-tls-verify': true }
  const cluster = openTestCluster(t, await writeKubeconfig(await temporaryFolder(t), url, trust))

  async function callOften(): Promise<void> {
    for (let made = 1; made <= calls; made += 1) {
      await cluster.readJob('run-1')
      if (made % callsPerYoungCollection === 0) collect({ type: 'minor' })
    }
    // What lives is old once it has outlived two.
    collect({ type: 'minor' })
    collect({ type: 'minor' })
  }
  await callOften()
  collect()
  const before = oldBytes()
  await callOften()
  const after = oldBytes()
  collect()
  const left = (after - Math.max(before, oldBytes())) / calls / 1024
  assert.ok(left < answerKilobytes, `${left} kB an answer of ${answerKilobytes} kB`)
})

/** Of old objects, and of what buffers hold beside them. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')
  return (old?.space_used_size ?? Number.NaN) + process.memoryUsage().arrayBuffers
}

/** A server with a heap of its own: what it leaves is not ours. */
async function serveElsewhere(t: TestContext): Promise<string> {
  const worker = new Worker(
    `const metadata = { name: 'run-1', uid: 'uid', annotations: { long: 'x'.repeat(${answerKilobytes} * 1024) } }
     const answer = JSON.stringify({ metadata })
     const server = require('node:http').createServer((request, response) => response.end(answer))
     server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port))`,
    { eval: true },
  )
  cleanup(t, () => worker.terminate())
  const [port] = await once(worker, 'message')
  return `http://127.0.0.1:${port}`
}
