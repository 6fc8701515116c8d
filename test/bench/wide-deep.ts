/**
 * `make bench-trainer`: `wide-deep` on CLINC150, three seeds each, learning from the official training part and sitting
 * the official test, which no choice has seen. The share of out-of-scope texts to expect is that of the official
 * validation part, 100 in 3,100, by which the paper chooses its threshold. Parts of it can be asked for by name: full,
 * changed (one intent of full), small, imbalanced, few.
 *
 * One cache serves all trainings, and one all exams: the first of either computes every sentence vector, the later ones
 * find them. Seconds are by the clock, so they tell what others did on the machine, too; CPU seconds tell less of that.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, readClinc, type Variant } from './clinc.ts'
import { type Measured, measure, type Work } from './program.ts'

const seeds = [1, 2, 3]
const hyperparameters = { outOfScopeShare: 100 / 3100 }

type Figure = { name: string; unit: '%' | 's' | 'MB' | ''; of: (measured: Measured) => number; asked?: string }

const goodness = (accuracy: string): Figure[] => [
  { name: 'right intent of 150', unit: '%', of: (one) => 100 * one.intentAccuracy, asked: accuracy },
  { name: 'in scope right, out of scope an answer', unit: '%', of: (one) => 100 * one.inScopeAccuracy },
  { name: 'out of scope recognised', unit: '%', of: (one) => 100 * one.outOfScopeRecall, asked: '≥ 60' },
  { name: 'out of scope, AUROC', unit: '', of: (one) => one.outOfScopeAuroc, asked: '≥ 0.965' },
  { name: 'calibration error, in scope', unit: '%', of: (one) => 100 * one.inScopeCalibrationError, asked: '≤ 1.5' },
  { name: 'calibration error, all rows', unit: '%', of: (one) => 100 * one.calibrationError },
]
const effort = (clock = ''): Figure[] => [
  { name: 'training', unit: 's', of: (one) => one.trainSeconds, asked: clock },
  { name: 'training, CPU', unit: 's', of: (one) => one.trainCpuSeconds },
  { name: 'training, memory', unit: 'MB', of: (one) => one.trainMegabytes, asked: '≤ 800' },
]
const answering: Figure[] = [
  { name: 'answering 5,500 new texts', unit: 's', of: (one) => one.predictSeconds, asked: '≤ 36' },
  { name: 'answering 5,500 new texts, memory', unit: 'MB', of: (one) => one.predictMegabytes },
]
const firstAnswer: Figure = { name: 'first answer', unit: 's', of: (one) => one.firstAnswerSeconds, asked: '≤ 1.5' }

const caches = mkdtempSync(join(tmpdir(), 'trainyard-bench-cache-'))
const [cache, examCache] = [join(caches, 'training'), join(caches, 'exam')]
try {
  const parts = { full, changed, small, imbalanced, few }
  const asked = process.argv.slice(2)
  for (const [name, part] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await part()
} finally {
  rmSync(caches, { recursive: true, force: true })
}

function workOn(variant: Variant, seed: number): Work[] {
  const clinc = readClinc(variant)
  if (clinc === undefined) return []
  return [{ program: 'wide-deep', train: clinc.train, exam: clinc.test, seed, hyperparameters, cache, examCache }]
}

async function full(): Promise<void> {
  const measured = await measureAll(seeds.flatMap((seed) => workOn('full', seed)))
  tell('CLINC150 full', measured, [...goodness('≥ 95.3'), firstAnswer])
  tell('CLINC150 full, no sentence vector in the cache', measured.slice(0, 1), [...effort(), ...answering])
  tell('CLINC150 full, every sentence vector in the cache', measured.slice(1), effort())
}

/** One intent's texts are new. */
async function changed(): Promise<void> {
  const works = workOn('full', 1).map((work): Work => {
    const [first] = work.train
    const train = work.train.map(({ text, intent }): Example => {
      return { text: intent === first?.intent ? `${text}, and soon` : text, intent }
    })
    return { ...work, train }
  })
  tell('CLINC150 full after one intent changed', await measureAll(works), effort('≤ 35'))
}

async function small(): Promise<void> {
  const measured = await measureAll(seeds.flatMap((seed) => workOn('small', seed)))
  tell('CLINC150 small, every sentence vector in the cache', measured, [...goodness('≥ 94'), ...effort()])
}

async function imbalanced(): Promise<void> {
  const measured = await measureAll(seeds.flatMap((seed) => workOn('imbalanced', seed)))
  tell('CLINC150 imbalanced, every sentence vector in the cache', measured, [...goodness('≥ 94'), ...effort()])
}

/** Twenty intents with twenty examples each, without any vector in the cache. */
async function few(): Promise<void> {
  const works = workOn('full', 1).flatMap((work) => {
    const intents = [...new Set(work.train.map(({ intent }) => intent))].filter((intent) => intent !== null)
    const chosen = new Set<string | null>(intents.slice(0, 20))
    const counts = new Map<string | null, number>()
    const train = work.train.filter(({ intent }) => {
      const count = counts.get(intent) ?? 0
      counts.set(intent, count + 1)
      return chosen.has(intent) && count < 20
    })
    const exam = work.exam.filter(({ intent }) => chosen.has(intent))
    return seeds.map((seed): Work => ({ ...work, train, exam, seed, hyperparameters: {}, cache: undefined }))
  })
  const accuracy: Figure = { name: 'right intent of 20', unit: '%', of: (one) => 100 * one.intentAccuracy }
  tell('20 intents of 20 examples, no sentence vector in the cache', await measureAll(works), [
    accuracy,
    ...effort('≤ 15'),
    firstAnswer,
  ])
}

async function measureAll(works: readonly Work[]): Promise<Measured[]> {
  const all: Measured[] = []
  for (const work of works) {
    process.stderr.write(`bench: ${work.train.length} examples, seed ${work.seed} …\n`)
    all.push(await measure(work))
  }
  return all
}

/** The mean of the trainings, with the lowest and the highest. */
function tell(title: string, measured: readonly Measured[], figures: readonly Figure[]): void {
  if (measured.length === 0) return
  process.stdout.write(`${title}, ${measured.length === 1 ? 'once' : `mean of ${measured.length}`}\n`)
  for (const { name, unit, of, asked = '' } of figures) {
    const values = measured.map(of)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const range = values.length > 1 ? ` (${shown(Math.min(...values))}–${shown(Math.max(...values))})` : ''
    const cells = [name.padEnd(40), `${shown(mean)} ${unit}${range}`.padEnd(26), asked]
    process.stdout.write(`  ${cells.join('  ').trimEnd()}\n`)
  }
}

function shown(value: number): string {
  return value.toFixed(value < 1 ? 3 : value < 100 ? 1 : 0)
}
