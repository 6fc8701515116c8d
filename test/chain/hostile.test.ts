import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { isAlive } from '../runner/runner.ts'
import { attemptsOf, endedRuns, logOf, type Run, settledSums, signalsOf } from './answers.ts'
import { botUpdated, datasetOf, postDataset, publish } from './bot.ts'
import { configurationOf, jobTypeOf, type Misbehaviour, misbehaviours } from './misbehaviour.ts'

const nameOf = (misbehaviour: Misbehaviour) => `program-${misbehaviours.indexOf(misbehaviour)}`
const names = misbehaviours.map(nameOf)

const configuration = configurationOf({
  ...Object.fromEntries(misbehaviours.map((one) => [nameOf(one), jobTypeOf(one)])),
  failing: jobTypeOf({ told: { exitCode: 10 }, jobType: { failuresPerWork: 2 } }),
})

test('whatever a training program does, its run ends with the reason and its bot can be trained again', async (t) => {
  const yard = await startYard(t, { configuration, postgres: 'shared' })
  const dataset = await postDataset(yard, datasetOf('first'))
  await yard.post(
    '/events',
    names.map((name) => botUpdated(name, dataset, 1)),
    'application/cloudevents-batch+json',
  )
  const runs = await endedRuns(yard, names, 60_000)
  const runOf = (fits: (misbehaviour: Misbehaviour) => boolean): string => {
    const found = misbehaviours.find(fits)
    return (found && runs.get(nameOf(found))?.run) ?? assert.fail('there is no such run')
  }

  for (const misbehaviour of misbehaviours) {
    const { title, outcome, attempts, said } = misbehaviour
    await t.test(`a program that ${title}`, async () => {
      const run = runOf((one) => one === misbehaviour)
      const { state, end } = await yard.get<Run>(`/runs/${run}`)
      assert.deepEqual(
        { state, outcome: end?.outcome, attempts: end?.attempts, reason: end?.reason },
        { state: outcome === 'done' ? 'succeeded' : 'failed', outcome, attempts, reason: end?.reason },
      )
      if (said !== null) assert.match(end?.reason ?? '', said)
      const children = [...(await logOf(yard, run)).matchAll(/started child (\d+)/g)].map(([, pid]) => Number(pid))
      for (const pid of children) await eventually(async () => !(await isAlive(pid)), { what: `the end of ${pid}` })
    })
  }

  await t.test('a log above its limit has its beginning, its end, and marks that say what is left out', async () => {
    const log = await logOf(
      yard,
      runOf(({ jobType }) => jobType?.['logLimitMiB'] === 1),
    )
    assert.ok(Buffer.byteLength(log) <= 1024 * 1024, `${Buffer.byteLength(log)} bytes`)
    assert.match(log, /^echo echo/)
    assert.match(log, /\n\[trainyard\] the log is longer than 1048576 bytes: from here on lines are left out/)
    assert.match(log, /\n\[trainyard\] \d+ bytes of log are left out here; what follows are the last lines\necho/)
  })

  await t.test('attempts that saved their work are told from failures', async () => {
    const attempts = await attemptsOf(
      yard,
      runOf(({ title }) => title.includes('at no cost')),
    )
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['resumable', 'resumable', 'resumable', 'done'],
    )
  })

  await t.test('data that fails again and again is rejected, and other data of the bot is tried', async () => {
    const failed = () =>
      eventually(async () => (await signalsOf(yard, 'failing'))[0]?.requestState === 'failed', { timeoutMs: 30_000 })
    for (const revision of [1, 2]) {
      await publish(yard, botUpdated('failing', dataset, revision))
      await failed()
    }
    await publish(yard, botUpdated('failing', dataset, 3))
    const [third] = await signalsOf(yard, 'failing')
    assert.equal(third?.end, 'rejected')
    assert.match(
      third.reason ?? '',
      /^this data fails: 2 runs with this dataset and job type failed; change either, or/,
    )

    await publish(yard, botUpdated('failing', await postDataset(yard, datasetOf('second')), 4))
    await failed()
    assert.equal((await signalsOf(yard, 'failing'))[0]?.end, 'launched')
  })

  await t.test('no bot, slot or folder is held up afterwards, and the ledger adds up', async () => {
    await eventually(async () => (await yard.get<unknown[]>('/queue')).length === 0)
    const slots = await yard.get<{ used: unknown[] }[]>('/slots')
    assert.deepEqual(
      slots.flatMap(({ used }) => used),
      [],
    )
    await eventually(async () => (await readdir(join(yard.directory, 'data', 'attempts'))).length === 0)
    const sums = await settledSums(yard)
    const received = misbehaviours.length + 4
    assert.deepEqual({ ...sums }, { ...sums, received, launched: received - 1, rejected: 1 })
  })
})
