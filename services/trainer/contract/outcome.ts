/** How a program ends: its exit code, and one sentence on stderr when that is not 0. */

import type { exitCodes } from '../../../schemas/program.ts'

/** The contract's own numbers, repeated here because a program loads nothing but Node's modules. */
const exitCode: typeof exitCodes = { done: 0, badInput: 10, resumable: 75 }

/** Thrown to end the program with a given exit code. */
export class ProgramEnd extends Error {
  readonly exitCode: number

  constructor(exitCode: number, sentence: string) {
    super(sentence)
    this.name = 'ProgramEnd'
    this.exitCode = exitCode
  }
}

/** The data or the spec is wrong: another try would end the same way. Never quotes the content of a dataset. */
export function badInput(sentence: string): ProgramEnd {
  return new ProgramEnd(exitCode.badInput, sentence)
}

/** Work is saved in the checkpoint folder; the next attempt goes on from there. */
export function resumable(sentence: string): ProgramEnd {
  return new ProgramEnd(exitCode.resumable, sentence)
}

/** Anything unforeseen is a crash: exit code 1, with the stack for whoever mends it. */
export function endWith(error: unknown): void {
  const known = error instanceof ProgramEnd
  const text = known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${text}\n`)
  process.exitCode = known ? error.exitCode : 1
}
