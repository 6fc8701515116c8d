import { randomUUID } from 'node:crypto'
import { readFileSync, unlinkSync } from 'node:fs'
import { commandIn } from './container.ts'

/** What a runner is told by whoever starts it. */
export type Setup = {
  runApi: string
  attempt: string
  token: string
  /** Whom the attempt is bound to at the claim (D13). */
  runnerId: string
  workDirectory: string
  /** A folder for the program's cache that outlives the attempt, where there is one. */
  cacheDirectory: string | undefined
  claimLimitMs: number
  traceparent: string | undefined
  /** The runner is a guest in the program's own image. */
  inContainer: boolean
  command: string[]
}

const defaultClaimLimitMs = 3_600_000

/**
 * Environment: TRAINYARD_RUN_API (base URL), TRAINYARD_ATTEMPT, TRAINYARD_WORK_DIR; the attempt's token in
 * TRAINYARD_ATTEMPT_TOKEN, or, where no other process can read it, on standard input or in TRAINYARD_ATTEMPT_TOKEN_FILE,
 * which is removed; TRAINYARD_CACHE_DIR, where the program may keep what is of use to others; TRAINYARD_CLAIM_LIMIT_MS,
 * how long to try for an answer to the claim; TRAINYARD_RUNNER_ID, who it is, where somebody else is to know that too;
 * TRAINYARD_IN_CONTAINER, `true` in the program's own image; TRACEPARENT.
 */
export function readSetup(environment: NodeJS.ProcessEnv, parameters: readonly string[]): Setup {
  const required = (name: string): string => {
    const value = environment[name]
    if (value === undefined || value === '') throw new Error(`${name} is not set`)
    return value
  }
  const [separator, ...command] = parameters
  if (separator !== '--' || command.length === 0) throw new Error('expected the arguments -- COMMAND…')
  const claimLimitMs = Number(environment['TRAINYARD_CLAIM_LIMIT_MS'] ?? defaultClaimLimitMs)
  if (!(claimLimitMs > 0)) throw new Error('TRAINYARD_CLAIM_LIMIT_MS is not a positive number')
  const inContainer = environment['TRAINYARD_IN_CONTAINER'] === 'true'
  const setup = {
    runApi: required('TRAINYARD_RUN_API'),
    attempt: required('TRAINYARD_ATTEMPT'),
    workDirectory: required('TRAINYARD_WORK_DIR'),
    cacheDirectory: environment['TRAINYARD_CACHE_DIR'] || undefined,
    claimLimitMs,
    traceparent: environment['TRACEPARENT'],
    runnerId: runnerIdIn(environment),
    inContainer,
    command: inContainer ? commandIn(process.cwd(), command) : command,
  }
  return { ...setup, token: tokenIn(environment) }
}

function tokenIn(environment: NodeJS.ProcessEnv): string {
  const file = environment['TRAINYARD_ATTEMPT_TOKEN_FILE']
  const given = file === undefined ? environment['TRAINYARD_ATTEMPT_TOKEN'] : readFileSync(file, 'utf8')
  if (file !== undefined) unlinkSync(file)
  const token = given ?? readFileSync(0, 'utf8')
  if (token.trim() !== '') return token.trim()
  throw new Error('there is no token: not in TRAINYARD_ATTEMPT_TOKEN, nor in a file, nor on standard input')
}

/** Anything but a UUID would be refused at the claim. */
function runnerIdIn(environment: NodeJS.ProcessEnv): string {
  const given = environment['TRAINYARD_RUNNER_ID'] ?? ''
  return uuid.test(given) ? given : randomUUID()
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
