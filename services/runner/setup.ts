import { readFileSync } from 'node:fs'

/** What a runner is told by whoever starts it. */
export type Setup = {
  runApi: string
  attempt: string
  token: string
  workDirectory: string
  claimLimitMs: number
  traceparent: string | undefined
  command: string[]
}

const defaultClaimLimitMs = 3_600_000

/**
 * Environment: TRAINYARD_RUN_API (base URL), TRAINYARD_ATTEMPT, TRAINYARD_WORK_DIR; the attempt's token in
 * TRAINYARD_ATTEMPT_TOKEN, or on standard input, where no other process can read it; TRAINYARD_CLAIM_LIMIT_MS, how long
 * to try for an answer to the claim; TRACEPARENT.
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
  const setup = {
    runApi: required('TRAINYARD_RUN_API'),
    attempt: required('TRAINYARD_ATTEMPT'),
    workDirectory: required('TRAINYARD_WORK_DIR'),
    claimLimitMs,
    traceparent: environment['TRACEPARENT'],
    command,
  }
  const token = environment['TRAINYARD_ATTEMPT_TOKEN'] ?? readFileSync(0, 'utf8').trim()
  if (token === '') throw new Error('there is no token, neither in TRAINYARD_ATTEMPT_TOKEN nor on standard input')
  return { ...setup, token }
}
