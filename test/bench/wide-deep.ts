/**
 * `make bench-trainer`: `wide-deep` on CLINC150, three seeds each, learning from the official training part and sitting
 * the official test, which no choice has seen. The share of out-of-scope texts to expect is that of the official
 * validation part, 100 in 3,100, by which the paper chooses its threshold. Parts of it can be asked for by name: full,
 * small, imbalanced, few.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, readClinc, type Variant } from './clinc.ts'
import { type Measured, measure, type Work } from './program.ts'

const seeds = [1, 2, 3]
const hyperparameters = { outOfScopeShare: 100 / 3100 }
const names: readonly (keyof Measured)[] = [
  'seed',
  'intentAccuracy',
  'inScopeAccuracy',
  'macroF1',
  'outOfScopeRecall',
  'outOfScopeAuroc',
  'calibrationError',
  'inScopeCalibrationError',
  'trainSeconds',
  'trainMegabytes',
  'predictSeconds',
  'predictMegabytes',
]

const cache = mkdtempSync(join(tmpdir(), 'trainyard-bench-cache-'))
try {
  const parts = {
    full: () => onClinc('full'),
    small: () => onClinc('small'),
    imbalanced: () => onClinc('imbalanced'),
    few: onFew,
  }
  const asked = process.argv.slice(2)
  for (const [name, part] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await part()
} finally {
  rmSync(cache, { recursive: true, force: true })
}

async function onClinc(variant: Variant): Promise<void> {
  const clinc = readClinc(variant)
  if (clinc === undefined) return
  const own = join(cache, variant)
  const work = (seed: number, train: Example[]): Work => {
    return { program: 'wide-deep', train, exam: clinc.test, seed, hyperparameters, cache: own }
  }
  // The first finds an empty cache, the others every vector.
  await tell(
    `CLINC150 ${variant}`,
    seeds.map((seed) => work(seed, clinc.train)),
  )
  if (variant !== 'full') return
  const [changed] = clinc.train
  const edited = clinc.train.map(({ text, intent }) => ({
    text: intent === changed?.intent ? `${text}, and soon` : text,
    intent,
  }))
  await tell('CLINC150 full after one intent changed', [work(1, edited)])
}

/** Twenty intents with twenty examples each, without any vector in the cache. */
async function onFew(): Promise<void> {
  const clinc = readClinc('full')
  if (clinc === undefined) return
  const chosen = new Set(
    [...new Set(clinc.train.map(({ intent }) => intent))].filter((intent) => intent !== null).slice(0, 20),
  )
  const counts = new Map<string | null, number>()
  const train = clinc.train.filter(({ intent }) => {
    const count = counts.get(intent) ?? 0
    counts.set(intent, count + 1)
    return chosen.has(intent ?? '') && count < 20
  })
  const exam = clinc.test.filter(({ intent }) => chosen.has(intent ?? ''))
  await tell(
    '20 intents of 20 examples',
    seeds.map((seed) => ({ program: 'wide-deep', train, exam, seed })),
  )
  await tell('the same, one text to answer', [{ program: 'wide-deep', train, exam: exam.slice(0, 1), seed: 1 }])
}

/** Each line as soon as it is measured. */
async function tell(title: string, works: readonly Work[]): Promise<void> {
  process.stdout.write(`${title}\n  ${names.join('  ')}\n`)
  for (const work of works) {
    const measured = await measure(work)
    const cells = names.map((name) => shown(measured[name]).padStart(name.length))
    process.stdout.write(`  ${cells.join('  ')}\n`)
  }
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 1 ? 4 : 1)
}
