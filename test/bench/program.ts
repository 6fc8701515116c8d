/** Runs a training program as a runner does, and measures what it takes and how good its answers are. */

import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contractVersion, Prediction } from '../../schemas/program.ts'
import { digestOf } from '../../schemas/words.ts'
import { figuresOf } from '../../services/evaluator/statistics/figures.ts'
import type { Example } from './clinc.ts'
import { quantile } from './rows.ts'

const main = fileURLToPath(new URL('../../services/trainer/main.ts', import.meta.url))
/** Has the program tell when it ends what it took: its highest memory in KiB, and CPU time in microseconds. */
const tellUsage =
  "data:text/javascript,process.on('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); " +
  "process.stderr.write('took ' + maxRSS + ' ' + (userCPUTime + systemCPUTime) + '\\n') })"

export type Work = {
  program: string
  train: readonly Example[]
  exam: readonly Example[]
  seed: number
  hyperparameters?: Readonly<Record<string, number>>
  /** Kept from one training to the next. */
  cache?: string | undefined
  /** Kept from one exam to the next; without it, all its texts are new to the model. */
  examCache?: string | undefined
}

export type Measured = {
  seed: number
  /** Of the in-scope rows, how many get their intent when out of scope is no answer. */
  intentAccuracy: number
  /** The same, with out of scope as an answer, which is wrong for them. */
  inScopeAccuracy: number
  macroF1: number
  outOfScopeRecall: number
  outOfScopeAuroc: number
  calibrationError: number
  /** That of the in-scope rows alone: an exam with more out-of-scope texts than are to be expected distorts the other. */
  inScopeCalibrationError: number
  trainSeconds: number
  trainCpuSeconds: number
  trainMegabytes: number
  predictSeconds: number
  predictMegabytes: number
  /** From the start of a process to the answer to one new text: the median of a few. */
  firstAnswerSeconds: number
}

const firstAnswers = 3

export async function measure(work: Work): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    const input = join(folder, 'input')
    const output = join(folder, 'output')
    for (const path of [input, output, join(folder, 'checkpoint')]) mkdirSync(path)
    writeFileSync(join(input, 'spec.json'), JSON.stringify(specFor(work)))
    writeFileSync(join(input, 'train.jsonl'), toLines(work.train))
    writeFileSync(join(input, 'texts.jsonl'), toLines(work.exam.map(({ text }) => ({ text }))))
    const trained = await run('train', work, folder)
    cpSync(join(output, 'model'), join(input, 'model'), { recursive: true })
    const predicted = await run('predict', { ...work, cache: work.examCache }, folder)
    const rows = marked(work.exam, readFileSync(join(output, 'predictions.jsonl'), 'utf8'))
    writeFileSync(join(input, 'texts.jsonl'), toLines([{ text: work.exam[0]?.text ?? '' }]))
    const alone: number[] = []
    for (let time = 0; time < firstAnswers; time += 1) {
      alone.push((await run('predict', { ...work, cache: undefined }, folder)).seconds)
    }
    const inScope = rows.filter(({ label }) => label !== null)
    const figures = figuresOf(digestOf(''), rows)
    return {
      seed: work.seed,
      intentAccuracy: inScope.filter(({ label, likeliest }) => label === likeliest).length / inScope.length,
      inScopeAccuracy: figures.inScopeAccuracy ?? 0,
      macroF1: figures.macroF1,
      outOfScopeRecall: figures.outOfScope?.recall ?? 0,
      outOfScopeAuroc: figures.outOfScope?.auroc ?? 0,
      calibrationError: figures.calibrationError ?? 0,
      inScopeCalibrationError: figuresOf(digestOf(''), inScope).calibrationError ?? 0,
      trainSeconds: trained.seconds,
      trainCpuSeconds: trained.cpuSeconds,
      trainMegabytes: trained.megabytes,
      predictSeconds: predicted.seconds,
      predictMegabytes: predicted.megabytes,
      firstAnswerSeconds: quantile(alone, 0.5),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function specFor({ train, seed, hyperparameters = {} }: Work) {
  return {
    contractVersion,
    bot: 'clinc150',
    jobType: 'intents',
    generation: 1,
    run: 'run-bench22222',
    attempt: 1,
    seed,
    timeBudgetSeconds: 3600,
    hyperparameters,
    intents: [...new Set(train.flatMap(({ intent }) => (intent === null ? [] : [intent])))].sort(),
  }
}

function toLines(rows: readonly object[]): string {
  return rows.map((row, at) => `${JSON.stringify({ id: `row-${at}`, ...row })}\n`).join('')
}

async function run(command: 'train' | 'predict', { program, cache }: Work, folder: string) {
  const begun = performance.now()
  const child = spawn(process.execPath, ['--import', tellUsage, main, program, command], {
    env: {
      TRAINYARD_INPUT_DIR: join(folder, 'input'),
      TRAINYARD_OUTPUT_DIR: join(folder, 'output'),
      TRAINYARD_CHECKPOINT_DIR: join(folder, 'checkpoint'),
      ...(cache === undefined ? {} : { TRAINYARD_CACHE_DIR: cache }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
  })
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  const exitCode = await promise
  if (exitCode !== 0) throw new Error(`${program} ${command} ended with ${exitCode}: ${stderr}`)
  const seconds = (performance.now() - begun) / 1000
  const [, kibibytes, cpuMicroseconds] = /^took (\d+) (\d+)$/m.exec(stderr) ?? []
  return { seconds, megabytes: Number(kibibytes) / 1024, cpuSeconds: Number(cpuMicroseconds) / 1e6 }
}

/** The exam's rows with the answers to them, which come in the same order, as the evaluator marks them. */
function marked(exam: readonly Example[], predictions: string) {
  const answers = predictions.trimEnd().split('\n')
  return exam.map(({ intent: label }, at) => {
    const { intent, confidence, top } = Prediction.parse(JSON.parse(answers[at] ?? ''))
    const inScope = Math.max(...top.flatMap(([name, probability]) => (name === null ? [] : [probability])))
    const likeliest = top.find(([name]) => name !== null)?.[0]
    return { label, likeliest, answer: { intent, confidence, inScope } }
  })
}
