import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { cached, must } from '../../harness/cache.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { jarsOf } from '../broker/jars.ts'

/** A program of deploy/examples, ready to be started with arguments. */
export interface Program {
  readonly command: readonly [program: string, ...parameters: string[]]
  readonly variables: Readonly<Record<string, string>>
}

const folder = (language: string) => fileURLToPath(new URL(`../../../deploy/examples/${language}/`, import.meta.url))

export async function javaExample(name: string): Promise<Program> {
  const jars = await jarsOf(`${folder('java')}pom.xml`)
  return { command: ['java', '-XX:TieredStopAtLevel=1', '-cp', jars, `${folder('java')}${name}.java`], variables: {} }
}

export async function pythonExample(name: string): Promise<Program> {
  const requirements = `${folder('python')}requirements.txt`
  const needs =
    'The examples under test need Python 3 with pip, and PyPI or a mirror of it. Install them (Debian: apt-get install python3-pip), then run make test-kafka again.'
  const packages = await cached(
    'python',
    `${await readFile(requirements, 'utf8')}${await must('python3', ['--version'], needs)}`,
    (directory) =>
      must(
        'python3',
        [
          ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
          `--target=${directory}`,
          '-r',
          requirements,
        ],
        needs,
      ),
  )
  return { command: ['python3', `${folder('python')}${name}.py`], variables: { PYTHONPATH: packages } }
}

export interface RunningProgram {
  /** Gives it a line to read. */
  tell(line: string): void
  /** What it has printed so far, by line. Throws once it has failed. */
  lines(): readonly string[]
  /** Resolves once it has ended well. */
  ended(): Promise<void>
}

/** Starts the program; the test's end is its end. */
export function startProgram(
  t: Ending,
  { command: [program, ...parameters], variables }: Program,
  more: { parameters?: readonly string[]; environment: Readonly<Record<string, string>> },
): RunningProgram {
  const child = spawn(program, [...parameters, ...(more.parameters ?? [])], {
    env: { PATH: process.env['PATH'], ...variables, ...more.environment },
  })
  const closed = once(child, 'close')
  cleanup(t, async () => {
    child.kill('SIGKILL')
    await closed
  })
  let printed = ''
  let complaints = ''
  child.stdout.on('data', (data: Buffer) => {
    printed += data
  })
  child.stderr.on('data', (data: Buffer) => {
    complaints += data
  })
  const mustBeWell = () => {
    if (child.exitCode) throw new Error(`${program} ended with ${child.exitCode}:\n${complaints}`)
  }
  return {
    tell: (line) => child.stdin.write(`${line}\n`),
    lines() {
      mustBeWell()
      return printed.split('\n').slice(0, -1)
    },
    async ended() {
      await closed
      mustBeWell()
    },
  }
}
