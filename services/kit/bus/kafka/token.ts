import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf, unavailable } from '../../errors.ts'

const limitMs = 10_000
const longestToken = 64 * 1024

/**
 * Asks a program for a bearer token. kafkajs wants one for each connection, and again when a session ends: those that
 * ask at the same time share one run of it.
 */
export function tokenSource(command: readonly string[]): () => Promise<string> {
  const [program = '', ...words] = command
  let asking: Promise<string> | undefined

  async function ask(): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(program, words, { timeout: limitMs, maxBuffer: longestToken })
      const token = stdout.trim()
      if (token === '') throw new Error('it printed nothing')
      return token
    } catch (error) {
      // What it printed may be half a token: the reason alone is told.
      const why =
        error instanceof Error && 'killed' in error && error.killed ? `it took over ${limitMs} ms` : reasonOf(error)
      throw unavailable(`the program of KAFKA_TOKEN_COMMAND gave no token: ${why}`, { hint: `Run it: ${program}` })
    }
  }

  return () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
}

function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number')
    return `it ended with exit code ${error.code}`
  return messageOf(error)
}
