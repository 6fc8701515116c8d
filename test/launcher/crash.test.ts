import assert from 'node:assert/strict'
import { test } from 'node:test'
import { furtherPoints, points } from '../../services/launcher/points.ts'
import { chooseSlots } from '../../services/launcher/slots.ts'
import { type BreakingLauncher, breakingLauncher } from './breaking.ts'
import { jobType, newRun, storeDataset, verdict } from './launcher-kit.ts'

/*
 * At each named point the launcher breaks off once, and another one takes over with nothing but the database and what the
 * executor keeps. (That the process itself can be killed there is shown with all services together.)
 */
for (const point of points) {
  test(`I1, I2: cut off at ${point}, a run has each attempt once, starts once and ends once`, async (t) => {
    // What finds a free slot starts at once; the queue's own look starts what had to wait.
    const waits = point === 'launcher.queue.started'
    const launcher = await breakingLauncher(t, point, { slots: waits ? 0 : 10 })
    const { executor, insist, runnerOf, kit } = launcher
    const run = newRun()
    const toRest = () =>
      insist(async (now) => {
        await now.request({ run, generation: 1, spec: { retries: { backoffSeconds: 0 } } })
        if (waits) await chooseSlots(now.database, jobType, 1, { actor: 'ada', reason: 'its turn' })
        await now.settle()
      })

    await toRest()
    const first = runnerOf(`${run}-1`)
    await insist(() => first.claim())
    await insist(async () => assert.equal((await first.end({ outcome: 'crashed' })).status, 200))
    executor.exits(first.attempt)
    await toRest()
    const second = runnerOf(`${run}-2`)
    await trainAndExit(launcher, `${run}-2`)
    await toRest()
    await toRest()

    assert.ok(launcher.wasCut(), 'the point is on the way of every run')
    assert.deepEqual(
      executor.started.map(({ name }) => name),
      [`${run}-1`, `${run}-2`],
    )
    assert.deepEqual(await kit().names(), ['run.queued', 'run.started', 'run.succeeded'])
    assert.deepEqual(await kit().state(run), 'succeeded')
    assert.deepEqual([...new Set(executor.released)], [first.attempt, second.attempt])
  })
}

for (const point of [...points, ...furtherPoints]) {
  test(`I1, I2: cut off at ${point}, a run that a newer one stops ends once, and that one meets the champion once`, async (t) => {
    const launcher = await breakingLauncher(t, point, { slots: 1, isArmed: false })
    const { executor, insist, runnerOf, kit } = launcher
    const [first, older, newer] = [newRun(), newRun(), newRun()]
    const spec = { whenNewer: 'supersede', retries: { backoffSeconds: 0 } } as const
    // Another exam than that of the first, whose answers to its own are known.
    const dataset = await storeDataset(kit(), '{"id":"c","text":"good morning"}\n')
    const ask = (run: typeof first, generation: number) =>
      insist(async (now) => {
        await now.request({ run, generation, spec, ...(generation === 1 ? {} : { dataset }) })
        await now.settle()
      })
    const settle = () => insist((now) => now.settle())

    await ask(first, 1)
    const model = await trainAndExit(launcher, `${first}-1`)
    await settle()
    await kit().deliver([verdict('model.promoted', { run: first, model })])
    launcher.arm()

    await ask(older, 2)
    const stopped = runnerOf(`${older}-1`)
    await insist(() => stopped.claim())
    await insist(() => stopped.store('what nobody will need'))
    await ask(newer, 3)
    assert.ok(executor.stopped.some(({ name }) => name === stopped.attempt))
    await insist(async () => assert.equal((await stopped.end({ outcome: 'stopped' })).status, 200))
    for (const attempt of [stopped.attempt, `${older}-champion-1`] as const) executor.exits(attempt as never)
    await settle()

    await trainAndExit(launcher, `${newer}-1`)
    const champion = runnerOf(`${newer}-champion-1`)
    await insist(() => champion.claim())
    const answers = await champion.predictions(dataset.examTexts)
    await insist(async () => assert.equal((await champion.commit(answers)).status, 200))
    executor.exits(champion.attempt)
    await settle()
    await settle()

    assert.ok(launcher.wasCut(), 'the point is on the way')
    const names = executor.started.map(({ name }) => String(name))
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted(), 'each was started once')
    assert.deepEqual(await Promise.all([first, older, newer].map((run) => kit().state(run))), [
      'succeeded',
      'superseded',
      'succeeded',
    ])
    const ends = (await kit().names()).filter((name) => !['run.queued', 'run.started'].includes(name))
    assert.deepEqual(ends, ['run.succeeded', 'run.superseded', 'run.succeeded'])
    assert.equal((await kit().said('run.succeeded')).at(-1)?.champion?.answers, answers)
    assert.deepEqual([...new Set(executor.released)].toSorted(), names.toSorted(), 'and nothing of any is left')
  })
}

/** @returns the model */
async function trainAndExit({ executor, insist, runnerOf }: BreakingLauncher, attempt: string) {
  const runner = runnerOf(attempt)
  await insist(() => runner.claim())
  let stored: Awaited<ReturnType<typeof runner.model>> | undefined
  await insist(async () => {
    stored = await runner.model()
  })
  const { model, texts } = stored ?? assert.fail(`${attempt} has stored no model`)
  const answers = await runner.predictions(texts.digest)
  await insist(async () => assert.equal((await runner.commit(answers)).status, 200))
  executor.exits(runner.attempt)
  return model
}
