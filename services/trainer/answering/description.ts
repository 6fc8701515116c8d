/** What `model.json` says of every model: its classes, its calibration, and how large its table is. */

import { type Fields, isFields } from '../contract/lines.ts'
import { badInput } from '../contract/outcome.ts'
import type { Calibration } from './answer.ts'
import type { Classes } from './classes.ts'

export type Description = Classes & Calibration & { format: string; rows: number; unknownWeight: number }

export function parseDescription(value: unknown, format: string): Description & Fields {
  const broken = badInput(`model/model.json is no ${format} model: give the one that its program's train wrote.`)
  if (!isFields(value) || value['format'] !== format) throw broken
  const { intents, hasNull, rows, unknownWeight, temperature, outOfScope } = value
  const sound =
    Array.isArray(intents) &&
    intents.every((intent): intent is string => typeof intent === 'string') &&
    typeof hasNull === 'boolean' &&
    typeof rows === 'number' &&
    typeof unknownWeight === 'number' &&
    typeof temperature === 'number' &&
    (outOfScope === null || isGate(outOfScope))
  if (!sound) throw broken
  const gate = outOfScope && { softness: 1, ...outOfScope }
  return { ...value, format, intents, hasNull, rows, unknownWeight, temperature, outOfScope: gate }
}

/** Models that were trained before it was written have no softness: theirs is 1. */
function isGate(value: unknown): value is { bias: number; slope: number; softness?: number } {
  return (
    isFields(value) &&
    ['bias', 'slope'].every((name) => typeof value[name] === 'number') &&
    ['number', 'undefined'].includes(typeof value['softness'])
  )
}
