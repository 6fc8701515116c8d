import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { contractVersion, Intent, Prediction } from '../../schemas/program.ts'
import { digestOf } from '../../schemas/words.ts'
import { figuresOf } from '../../services/evaluator/statistics/figures.ts'
import { quantile, type Row } from './rows.ts'

const dataset = fileURLToPath(new URL('../../../shared/data/clinc150/data_full.json', import.meta.url))
const main = fileURLToPath(new URL('../../services/trainer/main.ts', import.meta.url))
const seeds = [1, 2, 3]
/** Tells the program's highest memory when it ends. */
const tellMemory = `data:text/javascript,process.on('exit', () => process.stderr.write('maxRSS ' + process.resourceUsage().maxRSS + '\\n'))`

const Pairs = z.array(z.tuple([z.string(), Intent]))
const Clinc = z.object({ train: Pairs, test: Pairs, oos_train: Pairs, oos_test: Pairs })

/** Texts with their intent; null is out of scope. */
type Example = { text: string; intent: string | null }

type Measured = {
  seed: number
  inScopeAccuracy: number
  macroF1: number
  outOfScopeRecall: number
  outOfScopeAuroc: number
  calibrationError: number
  trainSeconds: number
  trainMegabytes: number
  predictSeconds: number
}

/** `wide` on CLINC150 full: learns from the official training part, out-of-scope examples included, sits the official test. */
export async function benchTrainer(): Promise<Row[]> {
  return rowsOf(await measureAll())
}

async function measureAll(): Promise<Measured[]> {
  if (!existsSync(dataset)) {
    process.stderr.write(`bench: CLINC150 is not there (${dataset}), so wide is not measured\n`)
    return []
  }
  const clinc = Clinc.parse(JSON.parse(readFileSync(dataset, 'utf8')))
  const examples = (inScope: z.infer<typeof Pairs>, outside: z.infer<typeof Pairs>): Example[] => [
    ...inScope.map(([text, intent]) => ({ text, intent })),
    ...outside.map(([text]) => ({ text, intent: null })),
  ]
  const measured: Measured[] = []
  for (const seed of seeds) {
    measured.push(await measure(examples(clinc.train, clinc.oos_train), examples(clinc.test, clinc.oos_test), seed))
  }
  return measured
}

async function measure(train: readonly Example[], exam: readonly Example[], seed: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    const input = join(folder, 'input')
    const output = join(folder, 'output')
    for (const path of [input, output, join(folder, 'checkpoint')]) mkdirSync(path)
    writeFileSync(join(input, 'spec.json'), JSON.stringify(specFor(train, seed)))
    writeFileSync(join(input, 'train.jsonl'), toLines(train))
    writeFileSync(join(input, 'texts.jsonl'), toLines(exam.map(({ text }) => ({ text }))))
    const trained = await run('train', folder)
    cpSync(join(output, 'model'), join(input, 'model'), { recursive: true })
    const predicted = await run('predict', folder)
    const figures = figuresOf(digestOf(''), marked(exam, readFileSync(join(output, 'predictions.jsonl'), 'utf8')))
    return {
      seed,
      inScopeAccuracy: figures.inScopeAccuracy ?? 0,
      macroF1: figures.macroF1,
      outOfScopeRecall: figures.outOfScope?.recall ?? 0,
      outOfScopeAuroc: figures.outOfScope?.auroc ?? 0,
      calibrationError: figures.calibrationError ?? 0,
      trainSeconds: trained.seconds,
      trainMegabytes: trained.megabytes,
      predictSeconds: predicted.seconds,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function specFor(train: readonly Example[], seed: number) {
  return {
    contractVersion,
    bot: 'clinc150',
    jobType: 'intents',
    generation: 1,
    run: 'run-bench22222',
    attempt: 1,
    seed,
    timeBudgetSeconds: 3600,
    hyperparameters: {},
    intents: [...new Set(train.flatMap(({ intent }) => (intent === null ? [] : [intent])))].sort(),
  }
}

function toLines(rows: readonly object[]): string {
  return rows.map((row, at) => `${JSON.stringify({ id: `row-${at}`, ...row })}\n`).join('')
}

async function run(command: 'train' | 'predict', folder: string): Promise<{ seconds: number; megabytes: number }> {
  const begun = performance.now()
  const child = spawn(process.execPath, ['--import', tellMemory, main, 'wide', command], {
    env: {
      TRAINYARD_INPUT_DIR: join(folder, 'input'),
      TRAINYARD_OUTPUT_DIR: join(folder, 'output'),
      TRAINYARD_CHECKPOINT_DIR: join(folder, 'checkpoint'),
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
  if (exitCode !== 0) throw new Error(`wide ${command} ended with ${exitCode}: ${stderr}`)
  const kibibytes = Number(/^maxRSS (\d+)$/m.exec(stderr)?.[1])
  return { seconds: (performance.now() - begun) / 1000, megabytes: kibibytes / 1024 }
}

/** The exam's rows with the answers to them, which come in the same order, as the evaluator marks them. */
function marked(exam: readonly Example[], predictions: string) {
  const answers = predictions.trimEnd().split('\n')
  return exam.map(({ intent: label }, at) => {
    const { intent, confidence, top } = Prediction.parse(JSON.parse(answers[at] ?? ''))
    const inScope = Math.max(...top.flatMap(([name, probability]) => (name === null ? [] : [probability])))
    return { label, answer: { intent, confidence, inScope } }
  })
}

function rowsOf(measured: readonly Measured[]): Row[] {
  if (measured.length === 0) return []
  const median = (pick: (one: Measured) => number): number => quantile(measured.map(pick), 0.5)
  const percent = (figure: string, pick: (one: Measured) => number, target = ''): Row => {
    return { figure: `wide on CLINC150 full: ${figure}`, value: 100 * median(pick), unit: '%', target }
  }
  const amount = (figure: string, unit: string, pick: (one: Measured) => number, target = ''): Row => {
    return { figure: `wide on CLINC150 full: ${figure}`, value: median(pick), unit, target }
  }
  return [
    percent('in-scope accuracy', (one) => one.inScopeAccuracy, '≥ 91'),
    percent('macro F1', (one) => one.macroF1),
    percent('out-of-scope recall', (one) => one.outOfScopeRecall),
    amount('out-of-scope AUROC', '', (one) => one.outOfScopeAuroc),
    percent('calibration error, 15 bins', (one) => one.calibrationError),
    amount('training', 's', (one) => one.trainSeconds, '≤ 30'),
    amount('memory', 'MB', (one) => one.trainMegabytes, '≤ 600'),
    amount('answering 5,500 texts', 's', (one) => one.predictSeconds),
  ]
}

if (import.meta.main) {
  const measured = await measureAll()
  const shown = measured.map((one) => Object.values(one).map((value) => value.toFixed(value < 1 ? 4 : 1)))
  const names = Object.keys(measured[0] ?? {})
  for (const cells of measured.length === 0 ? [] : [names, ...shown]) {
    process.stdout.write(`${cells.map((cell, at) => cell.padStart(names[at]?.length ?? 0)).join('  ')}\n`)
  }
  if (measured.length > 0) process.stdout.write(`${JSON.stringify(measured)}\n`)
}
