import type { TestContext } from 'node:test'
import type { TestKit } from '../harness/kit.ts'
import { type LauncherKit, launcherDatabase, launcherKit } from './launcher-kit.ts'
import { type ScriptedExecutor, scriptedExecutor } from './scripted-executor.ts'
import { type ScriptedRunner, scriptedRunner } from './scripted-runner.ts'

/** Launchers that follow each other on one database and one executor: the first breaks off once, at a named point. */
export interface BreakingLauncher {
  readonly executor: ScriptedExecutor
  /** The one that is there now. */
  kit(): LauncherKit
  wasCut(): boolean
  /** From now on the point counts. */
  arm(): void
  /** Repeats what the outside world would repeat, on the launcher that is there. */
  insist(act: (kit: LauncherKit) => Promise<unknown>): Promise<void>
  /** Of an attempt that was started; it speaks to whichever launcher is there. */
  runnerOf(attempt: string): ScriptedRunner
}

export async function breakingLauncher(
  t: TestContext,
  point: string,
  { slots = 10, isArmed = true } = {},
): Promise<BreakingLauncher> {
  const executor = scriptedExecutor()
  let armed = isArmed
  let cut = false
  const options = {
    database: await launcherDatabase(t),
    executor,
    slots,
    async point(name: string) {
      if (name !== point || cut || !armed) return
      cut = true
      throw new Error(`cut off at ${name}`)
    },
  }
  let kit = await launcherKit(t, options)
  const runners = new Map<string, ScriptedRunner>()
  return {
    executor,
    kit: () => kit,
    wasCut: () => cut,
    arm() {
      armed = true
    },
    async insist(act) {
      for (;;) {
        const before = cut
        await act(kit).catch((error: unknown) => {
          if (before === cut) throw error
        })
        if (before === cut) return
        kit = await launcherKit(t, options)
      }
    },
    runnerOf(attempt) {
      const started = executor.started.find(({ name }) => name === attempt)
      if (!started) throw new Error(`${attempt} was not started`)
      const inject: TestKit['inject'] = ((request: never) => kit.inject(request)) as never
      const runner = runners.get(attempt) ?? scriptedRunner({ inject }, started)
      runners.set(attempt, runner)
      return runner
    },
  }
}
