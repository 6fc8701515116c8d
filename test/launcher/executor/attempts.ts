import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { JobTypeSpec } from '../../../schemas/job-type.ts'
import { BotId, JobTypeName, RunId } from '../../../schemas/words.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { programFolders } from '../../../services/kit/program-command.ts'
import type { AttemptToStart, Executor, Observation } from '../../../services/launcher/executor/executor.ts'
import { createProcessExecutor, type ProcessExecutorOptions } from '../../../services/launcher/executor/process.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { attemptName, token } from '../../runner/run-api.ts'

export function attemptOf(runApiUrl: string, command: readonly string[]): AttemptToStart {
  return {
    name: attemptName,
    run: RunId.parse('run-abcdefghij'),
    bot: BotId.parse('bot-1'),
    jobType: JobTypeName.parse('intents'),
    generation: 1,
    spec: JobTypeSpec.parse({ program: { command }, placement: { name: 'local' } }),
    kind: 'train',
    token,
    runApiUrl,
    deadlineMs: 60_000,
    graceMs: 5_000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
}

export type Limits = { pollMs?: number; settleMs?: number; startLimitMs?: number }

export function processOptions(dataDirectory: string): ProcessExecutorOptions {
  const log = pino({ level: 'silent' })
  return { dataDirectory, programFolders: programFolders(), environment: process.env, clock: systemClock, log }
}

/** An executor whose attempts are ended with the test. */
export function openExecutor(t: Pick<TestContext, 'after'>, dataDirectory: string, limits: Limits = {}): Executor {
  const executor = createProcessExecutor({ ...processOptions(dataDirectory), pollMs: 20, ...limits })
  cleanup(t, async () => {
    for (const name of await executor.list()) await executor.stop(name, 0)
    for (const name of await executor.list()) await eventually(async () => !isThere(await executor.observe(name)))
    await executor.close()
  })
  return executor
}

export function isThere({ state }: Observation): boolean {
  return state === 'starting' || state === 'running'
}

export async function ended(executor: Executor): Promise<Observation & { state: 'ended' }> {
  let seen: Observation | undefined
  const look = async () => {
    seen = await executor.observe(attemptName)
    return seen.state === 'ended' && seen
  }
  return await eventually(look).catch((error: unknown) => {
    throw new Error(`it has not ended: ${JSON.stringify(seen)}`, { cause: error })
  })
}
