/** Starts the real program in folders of its own, as a runner does. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Prediction, type ProgramSpec } from '../../schemas/program.ts'
import { BotId, JobTypeName, RunId } from '../../schemas/words.ts'

const main = fileURLToPath(new URL('../../services/trainer/main.ts', import.meta.url))

export type Row = { text: string; intent: string | null }

export type Ended = { exitCode: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

/** A started program; `stdout` grows while it runs. */
export type Started = {
  process: ChildProcess
  ended: Promise<Ended>
  onLine(see: (line: string) => void): void
  /** Sends SIGTERM at the first such line, once: a second one may meet a program that is about to exit, and end it by itself. */
  stopAt(isIt: (line: string) => boolean): void
}

export interface Bench {
  readonly folder: string
  give(rows: readonly Row[], spec?: Partial<ProgramSpec>): void
  /** Writes a file of the input folder as it is. */
  write(file: string, content: string | Uint8Array): void
  start(program: string, command: string): Started
  run(program: string, command: string): Promise<Ended>
  /** Trains on the rows to the end, and resolves to the log. */
  train(program: string, rows: readonly Row[], spec?: Partial<ProgramSpec>): Promise<string>
  /** Trains, then answers the texts with the model. */
  answer(program: string, texts: readonly string[]): Promise<Prediction[]>
  /** Names and content of the model's files. */
  model(): Map<string, Buffer>
  /** Moves the trained model to where predict reads it. */
  takeModel(): void
}

/** Without the compile cache, which a runner passes on, too, a start of `wide-deep` takes half a second more. */
const passedOn = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name === 'PATH' || name === 'NODE_COMPILE_CACHE'),
)

/** The command of a program, to which a step's name is still to be added. */
export type CommandOf = (program: string) => readonly [file: string, ...parameters: string[]]

const referenceProgram: CommandOf = (program) => [process.execPath, main, program]

export type BenchOptions = {
  commandOf?: CommandOf
  /** The cache folder that the programs are given. */
  cache?: string
  /** Its libraries may say something on stderr though all is well. */
  mayWarn?: boolean
}

/** @param t the test that it is for; or what has it removed after a whole file */
export function bench(
  t: { after: (remove: () => void) => void },
  { commandOf = referenceProgram, cache, mayWarn = false }: BenchOptions = {},
): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-trainer-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const input = join(folder, 'input')
  const output = join(folder, 'output')
  for (const path of [input, output, join(folder, 'checkpoint')]) mkdirSync(path)

  const start = (program: string, command: string): Started => {
    const [file, ...parameters] = commandOf(program)
    const child = spawn(file, [...parameters, command], {
      env: {
        ...passedOn,
        TRAINYARD_INPUT_DIR: input,
        TRAINYARD_OUTPUT_DIR: output,
        TRAINYARD_CHECKPOINT_DIR: join(folder, 'checkpoint'),
        ...(cache === undefined ? {} : { TRAINYARD_CACHE_DIR: cache }),
      },
    })
    t.after(() => child.kill('SIGKILL'))
    return follow(child)
  }

  const takeModel = (): void => {
    if (existsSync(join(output, 'model'))) cpSync(join(output, 'model'), join(input, 'model'), { recursive: true })
  }

  const answer = async (program: string, texts: readonly string[]): Promise<Prediction[]> => {
    takeModel()
    writeFileSync(
      join(input, 'texts.jsonl'),
      texts.map((text, at) => `${JSON.stringify({ id: `text-${at}`, text })}\n`).join(''),
    )
    const ended = await start(program, 'predict').ended
    if (ended.exitCode !== 0) throw new Error(`predict ended with ${ended.exitCode}: ${ended.stderr}`)
    const lines = readFileSync(join(output, 'predictions.jsonl'), 'utf8').split('\n').filter(Boolean)
    return z.array(Prediction).parse(lines.map((line) => JSON.parse(line)))
  }

  const give: Bench['give'] = (rows, spec = {}) => {
    writeFileSync(join(input, 'spec.json'), JSON.stringify({ ...specFor(rows), ...spec }))
    const lines = rows.map((row, at) => `${JSON.stringify({ id: `row-${at}`, ...row })}\n`)
    writeFileSync(join(input, 'train.jsonl'), lines.join(''))
  }

  return {
    folder,
    give,
    write: (file, content) => writeFileSync(join(input, file), content),
    start,
    run: (program, command) => start(program, command).ended,
    async train(program, rows, spec) {
      give(rows, spec)
      const { exitCode, stderr, stdout } = await start(program, 'train').ended
      assert.equal(exitCode, 0, stderr)
      if (!mayWarn) assert.equal(stderr, '')
      return stdout
    },
    answer,
    model() {
      const path = join(output, 'model')
      return new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]))
    },
    takeModel,
  }
}

export function specFor(rows: readonly Row[]): ProgramSpec {
  return {
    contractVersion: 1,
    bot: BotId.parse('bot'),
    jobType: JobTypeName.parse('intents'),
    generation: 1,
    run: RunId.parse('run-a2b3c4d5e6'),
    attempt: 1,
    seed: 1,
    timeBudgetSeconds: 600,
    hyperparameters: {},
    intents: [...new Set(rows.map(({ intent }) => intent))].filter((intent) => intent !== null).sort(),
  }
}

function follow(child: ReturnType<typeof spawn>): Started {
  let stdout = ''
  let stderr = ''
  const seers: ((line: string) => void)[] = []
  let unseen = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
    const lines = (unseen + piece).split('\n')
    unseen = lines.pop() ?? ''
    for (const line of lines) for (const see of seers) see(line)
  })
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }))
  })
  const onLine: Started['onLine'] = (see) => seers.push(see)
  return {
    process: child,
    ended,
    onLine,
    stopAt(isIt) {
      let isStopped = false
      onLine((line) => {
        if (isStopped || !isIt(line)) return
        isStopped = true
        child.kill('SIGTERM')
      })
    },
  }
}

/** One sentence: a single line that ends like one, and no stack. */
export function isOneSentence(text: string): boolean {
  return /^[^\n]+\.\n$/.test(text) && !text.includes('    at ')
}

/** It ended as what is wrong with its input does. */
export function assertBadInput({ exitCode, stderr }: Pick<Ended, 'exitCode' | 'stderr'>, message: RegExp): void {
  assert.equal(exitCode, 10, stderr)
  assert.ok(isOneSentence(stderr), stderr)
  assert.match(stderr, message)
}

/** In scripts without spaces, of emoji alone, empty and enormous. */
export const unusualTexts: readonly Row[] = [
  { text: '今日の天気はどうですか', intent: 'weather' },
  { text: '明日の天気を教えて', intent: 'weather' },
  { text: '☀️🌧️', intent: 'weather' },
  { text: '口座の残高を見せて', intent: 'balance' },
  { text: '残高はいくらですか', intent: 'balance' },
  { text: '💰🏦', intent: 'balance' },
  { text: '', intent: 'balance' },
  { text: 'a long complaint '.repeat(60_000), intent: 'weather' },
]

const wants: Readonly<Record<string, readonly string[]>> = {
  greeting: ['hello there', 'good morning', 'hi, how are you', 'hey friend', 'greetings to you'],
  weather: ['will it rain', 'how warm is it', 'is the sun shining', 'what is the forecast', 'do I need an umbrella'],
  balance: ['how much money do I have', 'show my balance', 'what is on my account', 'am I broke', 'tell me my funds'],
  alarm: ['wake me up', 'set an alarm', 'ring the bell', 'remind me to rise', 'start the alarm clock'],
}
const whens = ['today', 'tomorrow', 'at noon', 'right now', 'this evening', 'on Monday', 'please', 'in the morning']

/** Texts that tell their intent by their words: 4 intents × 40. */
export function smallBot(): Row[] {
  return Object.entries(wants).flatMap(([intent, phrases]) =>
    phrases.flatMap((phrase) => whens.map((when) => ({ text: `${phrase} ${when}`, intent }))),
  )
}

const subjects = ['the king of France', 'my left shoe', 'quantum physics', 'a purple cow', 'seventeen violins']
const questions = [
  'who painted',
  'why does anybody love',
  'translate into Latin:',
  'spell backwards',
  'invent a joke on',
]

export function outOfScope(): Row[] {
  return questions.flatMap((question) => subjects.map((subject) => ({ text: `${question} ${subject}`, intent: null })))
}

/** Every third row to answer, the others to learn from. */
export function split(rows: readonly Row[]): { train: Row[]; exam: Row[] } {
  return { train: rows.filter((_, at) => at % 3 !== 0), exam: rows.filter((_, at) => at % 3 === 0) }
}
