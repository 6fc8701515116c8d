/** How an attempt ended: pure functions from what happened to what is told. */

import type { EndRequest } from '../../schemas/run-api.ts'
import { BadOutput, Interrupted, NotOurs, reasonOf } from './errors.ts'
import type { ProgramEnd } from './program.ts'
import type { Stop } from './stopping.ts'

/** An end that the launcher is to be told. */
export type ToldEnding = {
  outcome: Exclude<EndRequest['outcome'], 'done' | 'lost'>
  exitCode: number | null
  signal: string | null
  reason: string
}

export type Ending =
  /** The manifest is committed, which says everything. */
  | { outcome: 'done' }
  /** The attempt is not ours any more: nothing is told. */
  | { outcome: 'lost'; reason: string }
  | ToldEnding

// The numbers of schemas/program.ts and schemas/run-api.ts, which can't be imported here; a test compares them.
export const exitCodes = { done: 0, badInput: 10, resumable: 75 } as const
export const runnerExitCodes = { told: 0, notTold: 1, wronglyCalled: 2, notOurs: 3, refused: 4 } as const

/**
 * The end that follows from how a step of the program ended; undefined when the step succeeded and the attempt goes on.
 * A stop counts for more than an exit code of 0: a program that stops early may well be content with itself.
 */
export function endingOfProgram(
  step: 'train' | 'predict',
  end: ProgramEnd,
  stop: Stop | undefined,
  lastLine: string,
): Ending | undefined {
  if (end.kind === 'notStarted') {
    return { outcome: 'crashed', exitCode: null, signal: null, reason: `${step} could not start: ${end.reason}` }
  }
  const { exitCode, signal } = end
  const told = (outcome: ToldEnding['outcome'], reason: string): ToldEnding => ({ outcome, exitCode, signal, reason })
  const how = `${step} ${signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`}`
  const said = lastLine === '' ? '' : `; its last line: ${lastLine}`

  const savedInTime = stop?.kind === 'asked' && exitCode === exitCodes.resumable
  if (stop !== undefined && !savedInTime) return endingOfStop(stop, exitCode, signal)
  if (exitCode === exitCodes.done) return undefined
  if (exitCode === exitCodes.badInput) return told('badInput', `${how}: the data or the spec is wrong${said}`)
  if (exitCode === exitCodes.resumable) {
    return told('resumable', stop === undefined ? `${how}: it goes on later` : `${how} after a stop: ${stop.reason}`)
  }
  const memory = signal === 'SIGKILL' ? ', not by Trainyard: often the machine is short of memory' : ''
  return told('crashed', `${how}${memory}${said}`)
}

/** The end that follows from an error that came up on the way. */
export function endingOfError(error: unknown, stop: Stop | undefined): Ending {
  if (error instanceof NotOurs) return { outcome: 'lost', reason: error.message }
  // What it waited for when its time was over: perhaps an API that had answered nothing but errors.
  if (stop?.kind === 'deadline' && error instanceof Interrupted) {
    return endingOfStop({ ...stop, reason: `${stop.reason}: ${error.message}` }, null, null)
  }
  if (stop !== undefined) return endingOfStop(stop, null, null)
  if (error instanceof BadOutput) return { outcome: 'badOutput', exitCode: null, signal: null, reason: error.message }
  return { outcome: 'crashed', exitCode: null, signal: null, reason: reasonOf(error) }
}

function endingOfStop(stop: Stop, exitCode: number | null, signal: string | null): Ending {
  switch (stop.kind) {
    case 'lost':
      return { outcome: 'lost', reason: stop.reason }
    case 'deadline':
      return { outcome: 'deadline', exitCode, signal, reason: stop.reason }
    case 'asked':
      return { outcome: 'stopped', exitCode, signal, reason: stop.reason }
  }
}
