import assert from 'node:assert/strict'
import { test } from 'node:test'
import { points } from '../../services/launcher/points.ts'
import { chooseSlots } from '../../services/launcher/slots.ts'
import type { TestKit } from '../harness/kit.ts'
import { jobType, type LauncherKit, launcherDatabase, launcherKit, newRun } from './launcher-kit.ts'
import { scriptedExecutor } from './scripted-executor.ts'
import { type ScriptedRunner, scriptedRunner } from './scripted-runner.ts'

/*
 * At each named point the launcher breaks off once, and another one takes over with nothing but the database and what the
 * executor keeps. (That the process itself can be killed there is shown with all services together.)
 */
for (const point of points) {
  test(`I1, I2: cut off at ${point}, a run has each attempt once, starts once and ends once`, async (t) => {
    const database = await launcherDatabase(t)
    const executor = scriptedExecutor()
    let cut = false
    // What finds a free slot starts at once; the queue's own look starts what had to wait.
    const waits = point === 'launcher.queue.started'
    const options = {
      database,
      executor,
      slots: waits ? 0 : 10,
      async point(name: string) {
        if (name !== point || cut) return
        cut = true
        throw new Error(`cut off at ${name}`)
      },
    }
    let kit = await launcherKit(t, options)
    const run = newRun()

    /** Repeats what the outside world would repeat, on the launcher that is there. */
    async function insist(act: (kit: LauncherKit) => Promise<void>): Promise<void> {
      for (;;) {
        const before = cut
        await act(kit).catch((error: unknown) => {
          if (before === cut) throw error
        })
        if (before === cut) return
        kit = await launcherKit(t, options)
      }
    }
    const toRest = () =>
      insist(async (now) => {
        await now.request({ run, generation: 1, spec: { retries: { backoffSeconds: 0 } } })
        if (waits) await chooseSlots(database, jobType, 1, { actor: 'ada', reason: 'its turn' })
        await now.settle()
      })
    const runnerOf = (number: number): ScriptedRunner => {
      const attempt = executor.started.find(({ name }) => name === `${run}-${number}`)
      assert.ok(attempt, `attempt ${number} was not started`)
      const inject: TestKit['inject'] = ((request: never) => kit.inject(request)) as never
      return scriptedRunner({ inject }, attempt)
    }

    await toRest()
    const first = runnerOf(1)
    await insist(async () => {
      await first.claim()
    })
    await insist(async () => assert.equal((await first.end({ outcome: 'crashed' })).status, 200))
    executor.exits(first.attempt)
    await toRest()
    const second = runnerOf(2)
    await insist(async () => {
      await second.claim()
    })
    await insist(async () => {
      await second.model()
    })
    const answers = await second.predictions(kit.dataset.examTexts)
    await insist(async () => assert.equal((await second.commit(answers)).status, 200))
    executor.exits(second.attempt)
    await toRest()
    await toRest()

    assert.ok(cut, 'the point is on the way of every run')
    assert.deepEqual(
      executor.started.map(({ name }) => name),
      [`${run}-1`, `${run}-2`],
    )
    assert.deepEqual(await kit.names(), ['run.queued', 'run.started', 'run.succeeded'])
    assert.deepEqual(await kit.state(run), 'succeeded')
    assert.deepEqual([...new Set(executor.released)], [first.attempt, second.attempt])
  })
}
