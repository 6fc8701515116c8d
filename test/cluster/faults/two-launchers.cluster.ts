/** Two launchers on one database, of which one stands still in the middle of making a Job. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { attemptsOf, logOf } from '../../chain/answers.ts'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { freePort } from '../../harness/ports.ts'
import { getJob } from '../jobs.ts'
import { createsJob, startProxy } from '../proxy.ts'
import { sharedCluster } from '../shared.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu } from './given.ts'

/**
 * The launcher stands still, and the Job that it wants made is kept on the way to the API server until `arrive`. Whatever
 * runs in pods reaches the other launcher.
 */
async function standingStill(t: TestContext) {
  const cluster = await sharedCluster()
  const proxy = await startProxy(t, cluster)
  const port = await freePort()
  const { yard, namespace, startLauncher } = await startClusterYard(t, {
    configuration: onGpu({ sleepMs: 2_000 }),
    proxy,
    variables: { TRAINYARD_RUN_API_URL: `http://127.0.0.1:${port}` },
  })
  const witness = watchAttempts(t, cluster, namespace)
  const { promise: arrival, resolve: arrive } = Promise.withResolvers<undefined>()
  const { promise: wanted, resolve: want } = Promise.withResolvers<void>()
  let made = 0
  proxy.fault = (asked) => {
    if (!createsJob(asked)) return undefined
    made += 1
    if (made > 1) return undefined
    want()
    return arrival
  }
  const other = await startLauncher({ TRAINYARD_PORT: String(port) })
  process.kill(other.pid, 'SIGSTOP')
  await edit(yard, 'bot-1')
  await wanted
  process.kill(yard.pid, 'SIGSTOP')
  process.kill(other.pid, 'SIGCONT')
  return {
    yard,
    witness,
    cluster,
    namespace,
    arrive: () => arrive(undefined),
    goOn: () => process.kill(yard.pid, 'SIGCONT'),
    made: () => made,
  }
}

describe('a launcher that stood still past its leases, in the middle of making a Job,', { concurrency: 2 }, () => {
  test('I1: finds the Job that another one made meanwhile, and makes none', async (t) => {
    const { yard, witness, arrive, goOn, made } = await standingStill(t)
    await eventually(() => witness.attempts.length === 1, {
      // Its lease ends first.
      timeoutMs: 120_000,
      what: 'the Job of the other launcher',
    })
    arrive()
    await witness.empty()
    goOn()
    await becomesChampion(yard, 'bot-1', witness)
    assert.equal(made(), 2)
  })

  test('I1, D13: does no harm where its Job is made after all was over: that has no effect, and is taken away', async (t) => {
    const { yard, witness, arrive, goOn, namespace, cluster } = await standingStill(t)
    await eventually(() => witness.attempts.length === 1, {
      // Its lease ends first.
      timeoutMs: 120_000,
      what: 'the Job of the other launcher',
    })
    await witness.empty()
    arrive()
    const [attempt = ''] = witness.attempts
    await eventually(() => getJob(cluster, namespace, attempt))
    goOn()
    const champion = await eventually(() => championOf(yard, 'bot-1'))
    assert.equal(champion.sequence, 1)
    assert.deepEqual(await attemptsOf(yard, champion.run).then((all) => all.map(({ outcome }) => outcome)), ['done'])
    await witness.empty()
    assert.deepEqual(await logOf(yard, champion.run).then((log) => log.match(/slept/g)?.length), 10)
  })
})
