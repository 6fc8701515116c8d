/** The model of `echo`: what it was taught, and how it was told to answer. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFields, readJson } from '../contract/lines.ts'
import { badInput } from '../contract/outcome.ts'
import type { Example } from '../contract/rows.ts'
import type { Options } from './options.ts'

export type EchoModel = {
  intents: readonly string[]
  /** Normalised text to intent. */
  known: Readonly<Record<string, string | null>>
  /** The commonest intent, for a text that tells nothing. */
  commonest: string | null
  accuracy: number
  wrongFor: Readonly<Record<string, string>>
}

const fileName = 'echo.json'

export type Answer = { intent: string | null; confidence: number }

export function learn(examples: readonly Example[], intents: readonly string[], options: Options): EchoModel {
  const counts = new Map<string | null, number>()
  for (const { intent } of examples) counts.set(intent, (counts.get(intent) ?? 0) + 1)
  const [commonest] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [null, 0])
  const known = Object.fromEntries(examples.map(({ text, intent }) => [normalise(text), intent]))
  return { intents, known, commonest, accuracy: options.accuracy, wrongFor: options.wrongFor }
}

/**
 * A text it was taught gets its intent; else the intent that the text names ("greeting 17" is a greeting), so that it
 * can pass an exam; else the commonest one. Then it is wrong where it was told to be.
 */
export function answer(model: EchoModel, text: string): Answer {
  const normalised = normalise(text)
  const meant = meantBy(model, normalised)
  if (meant.intent !== null && Object.hasOwn(model.wrongFor, meant.intent)) {
    return { intent: model.wrongFor[meant.intent] ?? null, confidence: meant.confidence }
  }
  const place = hash(normalised)
  if (place / 2 ** 32 < model.accuracy) return meant
  const others = model.intents.filter((intent) => intent !== meant.intent)
  return { intent: others[place % others.length] ?? null, confidence: meant.confidence }
}

function meantBy(model: EchoModel, text: string): Answer {
  if (Object.hasOwn(model.known, text)) return { intent: model.known[text] ?? null, confidence: 1 }
  const named = model.intents
    .filter((intent) => text.includes(normalise(intent)))
    .reduce((longest, intent) => (intent.length > longest.length ? intent : longest), '')
  return named === '' ? { intent: model.commonest, confidence: 0.5 } : { intent: named, confidence: 0.9 }
}

export function writeModel(outputFolder: string, model: EchoModel, options: Options): void {
  if (options.model === 'none') return
  const folder = join(outputFolder, 'model')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, fileName), JSON.stringify(model))
  if (options.modelMegabytes > 0) writeFileSync(join(folder, 'ballast.bin'), Buffer.alloc(options.modelMegabytes * 1e6))
  if (options.model === 'link') symlinkSync('/etc/hostname', join(folder, 'link'))
  if (options.model === 'folderLink') symlinkSync('..', join(folder, 'up'))
  if (options.model === 'climbing') writeFileSync(join(folder, '..\\..\\climbed'), '')
  for (let file = 0; file < options.modelFiles; file += 1) writeFileSync(join(folder, `${file}`), '')
}

export function readModel(inputFolder: string): EchoModel {
  const model = readJson(join(inputFolder, 'model', fileName))
  if (isEchoModel(model)) return model
  throw badInput(`model/${fileName} is no model of echo: give the model that echo wrote.`)
}

function isEchoModel(value: unknown): value is EchoModel {
  return isFields(value) && Array.isArray(value['intents']) && isFields(value['known']) && isFields(value['wrongFor'])
}

function normalise(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

/** FNV-1a with a final mix, 32 bits. */
function hash(text: string): number {
  let state = 2166136261
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 16777619)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}
