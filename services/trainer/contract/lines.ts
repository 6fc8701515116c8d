/** Reading the contract's JSON files. Errors say file and line, never content. */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { badInput } from './outcome.ts'

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A UTF-8 file of the input folder. */
export function readInput(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    const reason = code === 'ENOENT' ? 'is missing' : error instanceof TypeError ? 'is not UTF-8' : `gives ${code}`
    throw badInput(`${path} ${reason}: the contract asks for a readable UTF-8 file here.`)
  }
}

export function readJson(path: string): unknown {
  const text = readInput(path)
  try {
    return JSON.parse(text)
  } catch {
    throw badInput(`${path} is not JSON: write it again.`)
  }
}

/** Each line that is not empty, as an object, with a name for it in errors. */
export function* readLines(path: string): Generator<{ fields: Fields; place: string }> {
  let number = 0
  for (const line of readInput(path).split('\n')) {
    number += 1
    if (line.trim() === '') continue
    const place = `${basename(path)}, line ${number}`
    yield { fields: parseLine(line, place), place }
  }
}

function parseLine(line: string, place: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw badInput(`${place}: is not JSON: expected one JSON object per line.`)
  }
  if (!isFields(value)) throw badInput(`${place}: is not a JSON object: expected one JSON object per line.`)
  return value
}
