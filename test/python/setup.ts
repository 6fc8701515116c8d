import * as postgres from '../harness/setup.ts'
import { lockedPython } from './program.ts'

/** Brings the packages once, before the first file, and says what is missing once where that can't be done. */
export async function globalSetup(): Promise<void> {
  await lockedPython()
  await postgres.globalSetup()
}

export const globalTeardown = postgres.globalTeardown
