import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import { isAlive } from '../runner/runner.ts'
import { attemptsOf, endedRuns, logOf, type Run, runsOf, settledSums, signalsOf } from './answers.ts'
import { botUpdated, championOf, datasetOf, postDataset, publish } from './bot.ts'
import { configurationOf, jobTypeOf } from './misbehaviour.ts'

const ann = { actor: 'ann', reason: 'it is Monday' }

// One job type for each story, with one bot of the same name.
const configuration = configurationOf({
  wish: jobTypeOf({ told: {} }),
  held: jobTypeOf({ told: {}, jobType: { promotion: { minimumExamRows: 1_000 } } }),
  back: jobTypeOf({ told: {} }),
  cancelled: jobTypeOf({
    told: "process.on('SIGTERM', () => {}); console.log('process', process.pid); setInterval(() => {}, 1_000)",
    jobType: { graceSeconds: 0.2 },
  }),
  burst: jobTypeOf({ told: { sleepMs: 2_000 }, jobType: { whenNewer: 'supersede' } }),
  followed: jobTypeOf({ told: { sleepMs: 500, logMegabytes: 0.3 } }),
  closed: jobTypeOf({ told: {} }),
})

test('people decide, and what they decide holds', async (t) => {
  const yard = await startYard(t, { configuration, postgres: 'shared' })
  const flavours = await Promise.all(
    ['first', 'second', 'third', 'fourth'].map((flavour) => postDataset(yard, datasetOf(flavour))),
  )
  const dataset = (number: number) => flavours[number - 1] ?? assert.fail()
  /** Publishes an edit and resolves with its run once that has ended and been judged. */
  const trained = async (bot: string, revision: number): Promise<Run> => {
    const before = new Set((await runsOf(yard, bot)).map(({ run }) => run))
    await publish(yard, botUpdated(bot, dataset(revision), revision))
    await eventually(async () => (await runsOf(yard, bot)).some(({ run }) => !before.has(run)))
    return (await endedRuns(yard, [bot])).get(bot) ?? assert.fail()
  }

  await t.test('a person who names no dataset gets the newest trained, though it is unchanged', async () => {
    await trained('wish', 1)
    await trained('wish', 2)
    const { status, body } = await act(yard, 'POST', '/train', { bot: 'wish', jobType: 'wish', ...ann })
    assert.equal(status, 202)
    const champion = await eventually(() => championAt(yard, 'wish', 3))
    assert.equal(champion.run, body['run'])
    const { request } = await yard.get<Run>(`/runs/${champion.run}`)
    assert.equal(request?.dataset.digest, dataset(2).digest)
    assert.deepEqual([request.actor, request.reason], [ann.actor, ann.reason])
  })

  await t.test('a held model waits for a person, who puts it in force with actor and reason', async () => {
    const { run, verdict } = await trained('held', 1)
    assert.equal(verdict?.state, 'held')
    assert.match(verdict.reasons[0] ?? '', /fewer than the 1000 asked for/)
    assert.equal(await championOf(yard, 'held'), undefined)

    assert.equal((await act(yard, 'POST', `/runs/${run}/approve`, { championSequence: 0, actor: 'ann' })).status, 422)
    const moved = await act(yard, 'POST', `/runs/${run}/approve`, { championSequence: 4, ...ann })
    assert.equal(moved.status, 409)
    assert.equal((await act(yard, 'POST', `/runs/${run}/approve`, { championSequence: 0, ...ann })).status, 200)
    const champion = await eventually(() => championOf(yard, 'held'))
    assert.deepEqual([champion.run, champion.sequence], [run, 1])
    const judged = await eventually(async () => {
      const { verdict } = await yard.get<Run>(`/runs/${run}`)
      return verdict?.state === 'promoted' && verdict
    })
    assert.deepEqual([judged.decidedBy, judged.actor, judged.reasons], ['person', ann.actor, [ann.reason]])
    assert.equal((await act(yard, 'POST', `/runs/${run}/reject`, { championSequence: 1, ...ann })).status, 409)
  })

  await t.test('I3, I4: a rollback pins: later models are held until a person unpins the bot', async () => {
    const first = await trained('back', 1)
    await trained('back', 2)
    assert.equal((await eventually(() => championAt(yard, 'back', 2))).sequence, 2)
    const rolledBack = await act(yard, 'POST', '/bots/back/rollback', { championSequence: 2, ...ann })
    assert.equal(rolledBack.status, 200)
    const champion = await eventually(() => championAt(yard, 'back', 3))
    assert.equal(champion.run, first.run)

    const third = await trained('back', 3)
    assert.equal(third.verdict?.state, 'held')
    assert.match(third.verdict.reasons.join('; '), /a person has pinned the champion/)
    const late = await act(yard, 'POST', `/runs/${third.run}/approve`, { championSequence: 2, ...ann })
    assert.equal(late.status, 409)
    assert.match(
      late.said,
      /the decision was made against number 2, in force is number 3, of run-.* \(ann: it is Monday\)/,
    )

    assert.equal((await act(yard, 'POST', '/bots/back/unpin', ann)).status, 200)
    const fourth = await trained('back', 4)
    assert.deepEqual([fourth.verdict?.state, fourth.verdict?.decidedBy], ['promoted', 'policy'])
    assert.equal((await eventually(() => championAt(yard, 'back', 4))).run, fourth.run)
    await eventually(async () => (await yard.get<Run>(`/runs/${third.run}`)).verdict?.state === 'overtaken')
  })

  await t.test('a run that is cancelled while it trains ends its program, and frees its bot', async () => {
    await publish(yard, botUpdated('cancelled', dataset(1), 1))
    const { run, pid } = await eventually(async () => {
      const [newest] = await runsOf(yard, 'cancelled')
      const pid = newest && /process (\d+)/.exec(await logOf(yard, newest.run))?.[1]
      return pid !== undefined && newest && { run: newest.run, pid: Number(pid) }
    })
    await publish(yard, botUpdated('cancelled', dataset(2), 2))
    const waiting = await eventually(async () => {
      const [newest] = await runsOf(yard, 'cancelled')
      return newest?.run !== run && newest?.state === 'queued' && newest.run
    })
    // The record may know of it a moment before the launcher does.
    const answer = await eventually(async () => {
      const answer = await act(yard, 'POST', `/runs/${waiting}/cancel`, ann)
      return answer.status !== 404 && answer
    })
    assert.deepEqual(answer.body, { run: waiting, state: 'cancelled' })
    assert.equal((await act(yard, 'POST', `/runs/${run}/cancel`, ann)).status, 202)
    await eventually(async () => (await runsOf(yard, 'cancelled')).every(({ state }) => state === 'cancelled'))
    assert.equal(await isAlive(pid), false)
    assert.equal((await act(yard, 'POST', `/runs/${run}/cancel`, ann)).status, 409)
    assert.equal((await attemptsOf(yard, run))[0]?.outcome, 'stopped')
    await settledSums(yard)
    const [queued, running] = await signalsOf(yard, 'cancelled')
    assert.deepEqual([queued?.end, running?.end], ['rejected', 'launched'])
    assert.match(queued?.reason ?? '', /^ann cancelled run-.* before it started: it is Monday$/)
    await eventually(async () => (await yard.get<unknown[]>('/queue?bot=cancelled')).length === 0)
  })

  await t.test('I2: with whenNewer: supersede, edits while a run trains stop it, and the last is trained', async () => {
    await publish(yard, botUpdated('burst', dataset(1), 1))
    const started = await eventually(async () => {
      const [newest] = await runsOf(yard, 'burst')
      return newest?.state === 'running' && newest
    })
    const edits = await Promise.all(
      Array.from({ length: 10 }, (_, edit) => postDataset(yard, datasetOf(`edit ${edit}`, 2, 10))),
    )
    for (const [index, edit] of edits.entries()) await publish(yard, botUpdated('burst', edit, index + 2))
    const [last, ...others] = await eventually(async () => {
      const runs = await runsOf(yard, 'burst')
      return runs[0]?.request?.dataset.digest === edits.at(-1)?.digest && runs.every(({ end }) => end) && runs
    })
    assert.equal(last?.state, 'succeeded')
    const stopped = others.find(({ run }) => run === started.run)
    assert.deepEqual([stopped?.state, stopped?.end?.by], ['superseded', others.at(-2)?.run ?? last.run])
    await settledSums(yard)
    const ends = (await signalsOf(yard, 'burst')).map(({ end }) => end)
    assert.deepEqual(new Set(ends), new Set(['launched', 'coalesced']))
  })

  await t.test('who follows a log gets all of it as it comes, and is let go when the run ends', async () => {
    await publish(yard, botUpdated('followed', dataset(1), 1))
    const { run } = await eventually(async () => {
      const [newest] = await runsOf(yard, 'followed')
      return newest?.state === 'running' && newest
    })
    const followed = await (await yard.call(`/runs/${run}/logs?follow`)).text()
    const [attempt] = await attemptsOf(yard, run)
    assert.equal(attempt?.outcome, 'done')
    assert.equal(followed, await logOf(yard, run))
    assert.equal(Buffer.byteLength(followed), attempt.logBytes)
    assert.ok(attempt.logBytes >= 300_000)
  })

  await t.test('slots that a person has chosen survive a restart, and so does what waits for one', async () => {
    const chosen = await act(yard, 'PUT', '/slots/closed', { slots: 0, ...ann })
    assert.equal(chosen.status, 200)
    await publish(yard, botUpdated('closed', dataset(1), 1))
    const queued = () => yard.get<{ waitsFor: string; position: number }[]>('/queue?bot=closed')
    await eventually(async () => (await queued()).length === 1)
    await yard.kill('SIGTERM')
    assert.equal(await yard.ended, 0)
    await yard.start()
    const [waiting] = await queued()
    assert.deepEqual([waiting?.waitsFor, waiting?.position], ['slot', 1])
    const slots = await yard.get<{ jobType: string; slots: number; chosen: typeof ann }[]>('/slots')
    const closed = slots.find(({ jobType }) => jobType === 'closed')
    assert.deepEqual([closed?.slots, closed?.chosen.actor, closed?.chosen.reason], [0, ann.actor, ann.reason])
    await act(yard, 'PUT', '/slots/closed', { slots: 2, ...ann })
    await eventually(() => championOf(yard, 'closed'))
    await settledSums(yard)
  })
})

async function championAt(yard: Yard, bot: string, sequence: number) {
  const champion = await championOf(yard, bot)
  return champion?.sequence === sequence && champion
}

async function act(
  yard: Yard,
  method: 'POST' | 'PUT',
  path: string,
  action: object,
): Promise<{ status: number; said: string; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' }
  const response = await yard.call(path, { method, headers, body: JSON.stringify(action) })
  const body = (await response.json()) as Record<string, unknown> & { error?: { message: string } }
  return { status: response.status, said: body.error?.message ?? '', body }
}
