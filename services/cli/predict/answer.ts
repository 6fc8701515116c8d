/** Lets a model answer texts on this machine, by its own program, as the training-program contract says. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { readValue } from '../../../schemas/problems.ts'
import { inputFiles, outputFiles, Prediction, type ProgramSpec } from '../../../schemas/program.ts'
import { CommandFailure, systemCode } from '../failure.ts'
import { parseJsonText } from '../input.ts'

export interface Question {
  /** With absolute paths. */
  readonly command: readonly string[]
  readonly spec: ProgramSpec
  readonly modelFolder: string
  /** What the program may keep there spares it work the next time. */
  readonly cacheFolder: string
  readonly texts: readonly string[]
  readonly signal: AbortSignal
}

/** @returns one prediction per text, in the same order */
export async function answer(question: Question): Promise<Prediction[]> {
  const { modelFolder, cacheFolder, texts, spec } = question
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-predict-'))
  const [input, output, checkpoint] = ['input', 'output', 'checkpoint'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  try {
    await mkdir(cacheFolder, { recursive: true })
    await Promise.all([input, output, checkpoint].map((path) => mkdir(path)))
    await writeFile(join(input, inputFiles.spec), JSON.stringify(spec))
    // A copy (a cheap one, where the file system can): what the program does to it stays out of the cache.
    await cp(modelFolder, join(input, inputFiles.model), { recursive: true, mode: constants.COPYFILE_FICLONE })
    const lines = texts.map((text, index) => `${JSON.stringify({ id: String(index), text })}\n`)
    await writeFile(join(input, inputFiles.texts), lines.join(''))
    await run(question, folder, {
      TRAINYARD_INPUT_DIR: input,
      TRAINYARD_OUTPUT_DIR: output,
      TRAINYARD_CHECKPOINT_DIR: checkpoint,
      TRAINYARD_CACHE_DIR: cacheFolder,
    })
    return inOrder(await readFile(join(output, outputFiles.predictions), 'utf8'), texts.length)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the program as this user; of the environment it gets what it needs and no secrets. */
async function run({ command, signal }: Question, cwd: string, folders: Record<string, string>): Promise<void> {
  const [file = '', ...words] = command
  const { PATH, HOME, LANG, TZ } = process.env
  const kept = Object.entries({ HOME, LANG, TZ }).filter(([, value]) => value !== undefined)
  const child = spawn(file, [...words, 'predict'], {
    cwd,
    env: {
      ...Object.fromEntries(kept),
      PATH: [dirname(process.execPath), PATH ?? ''].join(delimiter),
      TMPDIR: cwd,
      ...folders,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  let said = ''
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-longestLastWords)
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, killedBy) => resolve(exitCode ?? killedBy ?? 'unknown'))
  }).catch((error: unknown) => {
    throw signal.aborted ? error : cannotRun(command, error)
  })
  if (code !== 0) {
    throw new CommandFailure(`the model's program (${command.join(' ')}) ended with ${code}`, {
      next: said.trim() === '' ? 'It said nothing.' : `Its last words: ${said.trim()}`,
    })
  }
}

const longestLastWords = 2_000

function cannotRun(command: readonly string[], error: unknown): CommandFailure {
  const why = systemCode(error) === 'ENOENT' ? `${command[0]} is not on this machine` : String(error)
  return new CommandFailure(`the model's program (${command.join(' ')}) cannot run here: ${why}`, {
    next: 'Run this command where the program is installed.',
    cause: error,
  })
}

/** Pure: the predictions in the order of the texts, or what is wrong with them. */
export function inOrder(jsonLines: string, count: number): Prediction[] {
  const byId = new Map<string, Prediction>()
  for (const [index, line] of jsonLines.split('\n').entries()) {
    if (line.trim() === '') continue
    const name = `line ${index + 1} of the predictions`
    const read = readValue(Prediction, parseJsonText(line, name), 'the whole')
    if (!read.ok) throw new CommandFailure(`${name} is not a prediction (${read.problems[0]})`)
    byId.set(read.value.id, read.value)
  }
  return Array.from({ length: count }, (_, index) => {
    const prediction = byId.get(String(index))
    if (prediction === undefined) throw new CommandFailure(`the program gave no answer to text ${index + 1}`)
    return prediction
  })
}
