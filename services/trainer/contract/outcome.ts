/** How a program ends: its exit code, and one sentence on stderr when that is not 0. */

import type { exitCodes } from '../../../schemas/program.ts'

/** The contract's own numbers, repeated here because what all programs share loads nothing but Node's modules. */
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

/**
 * Anything unforeseen is a crash: exit code 1. Where the machine is short of something, it is one sentence that says of
 * what; otherwise it comes with the stack, for whoever mends it.
 */
export function endWith(error: unknown): void {
  process.stderr.write(`${lastWords(error)}\n`)
  process.exitCode = error instanceof ProgramEnd ? error.exitCode : 1
}

export function lastWords(error: unknown): string {
  if (error instanceof ProgramEnd) return error.message
  if (!(error instanceof Error)) return String(error)
  if (isOutOfMemory(error)) {
    return `The memory does not suffice (${error.message}): give the job type a placement with more memoryGiB.`
  }
  if ('syscall' in error) return `${error.message}: give the program its folders, with room and the right to write.`
  return error.stack ?? error.message
}

function isOutOfMemory(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined
  return (
    code === 'ERR_WORKER_OUT_OF_MEMORY' ||
    /allocation failed|could not allocate memory|out of memory|invalid array (buffer )?length/i.test(error.message)
  )
}
