import { randomUUID } from 'node:crypto'

const variable = 'TEST_RUN'
const alone = newRun()

/** One run of the test suites; a file that is run by itself is one of its own. */
export const runOfTests = (): string => process.env[variable] ?? alone

/** For the global setup: every file that is started from here on belongs to this run. */
export function beginRun(): void {
  process.env[variable] = newRun()
}

function newRun(): string {
  return randomUUID().slice(0, 8)
}
