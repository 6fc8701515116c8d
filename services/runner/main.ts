/**
 * The runner: the small program around a training program, the same in a child process and in a container.
 *
 *     node services/runner/main.ts -- COMMAND…
 *
 * Exit codes: 0 the end is told, whatever it was; 1 it could not be told; 2 wrongly called; 3 the attempt is not this
 * runner's.
 *
 * It imports Node's own modules and nothing else, so that a copy of this folder is all of it.
 */

import { createRunApi } from './api.ts'
import { carryOut } from './attempt.ts'
import { runnerExitCodes } from './ending.ts'
import { messageOf, NotOurs, Rejected, reasonOf } from './errors.ts'
import { recordExit, recordRunner } from './record.ts'
import { readSetup, type Setup } from './setup.ts'
import { atMonotonic, createStopping, type Stopping } from './stopping.ts'
import { createTransport } from './transport.ts'

type Exit = { exitCode: number; reason: string }

async function run(setup: Setup): Promise<Exit> {
  const { attempt, command, workDirectory, cacheDirectory, inContainer } = setup
  const stopping = createStopping()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stopping.stop({ kind: 'asked', reason: `the runner was asked to stop (${signal})` }))
  }
  const transport = createTransport({ baseUrl: setup.runApi, token: setup.token, traceparent: setup.traceparent })
  const api = createRunApi(transport, attempt, setup.runnerId)
  // A no to the claim is another thing than one to what was done since: only after the first is it certain that nothing was.
  let codeWhenRefused: number = runnerExitCodes.notOurs
  try {
    const { claim, dueMs } = await api.claim(process.pid, claimLimit(setup, stopping))
    codeWhenRefused = runnerExitCodes.refused
    atMonotonic(dueMs, () => stopping.stop({ kind: 'deadline', reason: "the attempt's deadline has passed" }))
    const ending = await carryOut({
      claim,
      command,
      workDirectory,
      cacheDirectory,
      environment: process.env,
      inContainer,
      api,
      stopping,
    })
    if (ending.outcome === 'lost') return { exitCode: codeWhenRefused, reason: `not ours any more: ${ending.reason}` }
    return {
      exitCode: runnerExitCodes.told,
      reason: ending.outcome === 'done' ? 'done' : `${ending.outcome}: ${ending.reason}`,
    }
  } catch (error) {
    const isRefused = error instanceof NotOurs || error instanceof Rejected
    return { exitCode: isRefused ? codeWhenRefused : runnerExitCodes.notTold, reason: messageOf(error) }
  } finally {
    transport.close()
  }
}

/** Aborts when the claim has waited long enough for an answer, or nobody wants it any more. */
function claimLimit({ claimLimitMs }: Setup, stopping: Stopping): AbortSignal {
  const late = new AbortController()
  atMonotonic(performance.now() + claimLimitMs, () => late.abort())
  return AbortSignal.any([stopping.working, late.signal])
}

async function main(): Promise<Exit> {
  let setup: Setup
  try {
    setup = readSetup(process.env, process.argv.slice(2))
  } catch (error) {
    return { exitCode: runnerExitCodes.wronglyCalled, reason: messageOf(error) }
  }
  // Nothing started from here inherits it.
  delete process.env['TRAINYARD_ATTEMPT_TOKEN']
  try {
    if (!recordRunner(setup.workDirectory)) {
      return { exitCode: runnerExitCodes.notOurs, reason: 'another runner has this work folder' }
    }
    const exit = await run(setup)
    recordExit(setup.workDirectory, exit.exitCode, exit.reason)
    return exit
  } catch (error) {
    return { exitCode: runnerExitCodes.notTold, reason: reasonOf(error) }
  }
}

const { exitCode, reason } = await main()
process.stderr.write(`runner: ${reason}\n`)
process.exit(exitCode)
