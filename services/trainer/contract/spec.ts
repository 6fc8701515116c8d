/** `spec.json`, checked by hand: what all programs share loads nothing but Node's modules, so not the schema it mirrors. */

import { join } from 'node:path'
import type { contractVersion, ProgramSpec } from '../../../schemas/program.ts'
import { type Fields, isFields, readJson } from './lines.ts'
import { badInput } from './outcome.ts'

/** What the reference programs need of the spec. */
export type Spec = Pick<ProgramSpec, 'attempt' | 'seed' | 'timeBudgetSeconds' | 'intents'> & { hyperparameters: Fields }

const knownVersion: typeof contractVersion = 1

export function readSpec(inputFolder: string): Spec {
  const spec = readJson(join(inputFolder, 'spec.json'))
  if (!isFields(spec)) throw wrong('the file', 'an object', spec)
  const version = spec['contractVersion']
  if (version !== knownVersion) throw wrong('contractVersion', `${knownVersion}`, version)
  const { attempt, seed, timeBudgetSeconds, hyperparameters, intents } = spec
  if (!isWhole(attempt) || attempt < 1) throw wrong('attempt', 'a whole number ≥ 1', attempt)
  if (!isWhole(seed) || seed < 0) throw wrong('seed', 'a whole number ≥ 0', seed)
  if (typeof timeBudgetSeconds !== 'number' || !(timeBudgetSeconds > 0)) {
    throw wrong('timeBudgetSeconds', 'a number above 0', timeBudgetSeconds)
  }
  if (!isFields(hyperparameters)) throw wrong('hyperparameters', 'an object', hyperparameters)
  if (!isNameList(intents)) throw wrong('intents', 'a list of names that are not empty', intents)
  if (new Set(intents).size < intents.length) throw wrong('intents', 'each name once', 'a name twice')
  return { attempt, seed, timeBudgetSeconds, hyperparameters, intents }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isNameList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')
}

function wrong(field: string, expected: string, got: unknown): Error {
  const shown = typeof got === 'object' && got !== null ? (Array.isArray(got) ? 'a list' : 'an object') : String(got)
  return badInput(`spec.json: ${field}: expected ${expected}, got ${shown}.`)
}
