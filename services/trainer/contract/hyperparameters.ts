/** Overruling a program's defaults by what the job type says. */

import type { Fields } from './lines.ts'
import { badInput } from './outcome.ts'

export type Range = { lowest: number; highest: number; whole: boolean }

export function overrule<Name extends string>(
  program: string,
  defaults: Readonly<Record<Name, number>>,
  ranges: Readonly<Record<Name, Range>>,
  hyperparameters: Fields,
): Record<Name, number> {
  const isKnown = (name: string): name is Name => Object.hasOwn(ranges, name)
  const values: Record<Name, number> = { ...defaults }
  for (const [name, value] of Object.entries(hyperparameters)) {
    if (!isKnown(name)) {
      const known = Object.keys(ranges).join(', ')
      throw badInput(`spec.json: hyperparameters.${name}: ${program} knows no such hyperparameter, only ${known}.`)
    }
    const { lowest, highest, whole } = ranges[name]
    if (typeof value !== 'number' || value < lowest || value > highest || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number' : 'a number'
      throw badInput(`spec.json: hyperparameters.${name}: expected ${kind} from ${lowest} to ${highest}.`)
    }
    values[name] = value
  }
  return values
}
