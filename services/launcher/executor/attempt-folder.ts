/**
 * What is on disk about an attempt that runs as a process: a folder of its name, and in it
 *
 * - `attempt.json`: what was started, by the executor before the runner is spawned;
 * - `runner.json`: which process is the runner, by the runner itself before anything else. Made by a link, which
 *   succeeds once: of two runners in a folder, the second does nothing. The executor can take the place too (`pid: null`),
 *   and then no runner ever begins here;
 * - `exit.json`: how the runner ended, by the runner, or by the executor that saw it end;
 * - `runner.log`: what the runner itself had to say; and the runner's own files.
 *
 * Records appear whole, by a rename or a link. One that is no JSON all the same was cut off by a power failure, and what
 * ran then runs no more.
 */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { chmod, link, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AttemptName, RunId } from '../../../schemas/words.ts'
import { broken, codeOf } from '../../kit/errors.ts'

const StartRecord = z.object({
  name: AttemptName,
  run: RunId,
  kind: z.enum(['train', 'predict']),
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
})
export type StartRecord = z.infer<typeof StartRecord>

const RunnerRecord = z.object({ pid: z.int().positive().nullable(), startedAt: z.string() })
export type RunnerRecord = z.infer<typeof RunnerRecord>

const ExitRecord = z.object({ exitCode: z.int().nullable(), signal: z.string().nullable(), reason: z.string() })
export type ExitRecord = z.infer<typeof ExitRecord>

export interface AttemptFolder {
  readonly path: string
  readonly runnerLog: string
  start(): Promise<StartRecord | undefined>
  runner(): Promise<RunnerRecord | undefined>
  exit(): Promise<ExitRecord | undefined>
  recordStart(record: StartRecord): Promise<void>
  recordExit(record: ExitRecord): Promise<void>
  /** Sees to it that no runner begins here from now on; false if one has. */
  closeToRunners(): Promise<boolean>
  /** The end of what the runner printed, in one line. */
  lastWords(): Promise<string>
  remove(): Promise<void>
}

const lastWordsBytes = 500
/** The place is taken, and no process has it. */
const nobody: RunnerRecord = { pid: null, startedAt: '' }

export function attemptFolder(root: string, name: AttemptName): AttemptFolder {
  const path = join(root, name)
  const file = (name: string): string => join(path, name)

  // At once: all of it takes less than one way over Node's threads, and a start waits for it.
  function write(name: string, record: object): void {
    // Of its own: two launchers may write at once.
    const unfinished = file(`${name}.${randomUUID()}.new`)
    writeFileSync(unfinished, JSON.stringify(record))
    renameSync(unfinished, file(name))
  }

  return {
    path,
    runnerLog: file('runner.log'),
    start: () => read(file('attempt.json'), StartRecord),
    runner: () => read(file('runner.json'), RunnerRecord, nobody),
    exit: () => read(file('exit.json'), ExitRecord),
    async recordStart(record) {
      mkdirSync(path, { recursive: true })
      write('attempt.json', record)
    },
    recordExit: async (record) => write('exit.json', record),
    async closeToRunners() {
      const own = file('runner-none.json')
      await writeFile(own, JSON.stringify(nobody))
      try {
        await link(own, file('runner.json'))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      } finally {
        await unlink(own)
      }
    },
    async lastWords() {
      const log = await open(file('runner.log')).catch(() => undefined)
      if (log === undefined) return ''
      try {
        const { size } = await log.stat()
        const { buffer, bytesRead } = await log.read({
          buffer: Buffer.alloc(lastWordsBytes),
          position: Math.max(0, size - lastWordsBytes),
        })
        return buffer.toString('utf8', 0, bytesRead).replace(/\s+/g, ' ').trim()
      } finally {
        await log.close()
      }
    },
    async remove() {
      try {
        // Another launcher that looks at it may have begun to write how it ended.
        await rm(path, { recursive: true, force: true, maxRetries: 3 })
      } catch (error) {
        if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error
        await openFolders(path)
        await rm(path, { recursive: true, force: true })
      }
    },
  }
}

/** Folders in which nothing can be removed, as some caches make theirs. */
async function openFolders(path: string): Promise<void> {
  await chmod(path, 0o700)
  const entries = await readdir(path, { withFileTypes: true })
  for (const entry of entries) if (entry.isDirectory()) await openFolders(join(path, entry.name))
}

/** The names of the attempts below `root`, in no order. */
export function attemptsBelow(root: string): AttemptName[] {
  return readdirSync(root).flatMap((entry) => AttemptName.safeParse(entry).data ?? [])
}

/** @param damaged what a record stands for that is there and cannot be read */
async function read<T>(path: string, schema: z.ZodType<T>, damaged?: T): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const value = parse(text)
  if (value === undefined) return damaged
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw broken(`${path} can't be understood`, { cause: parsed.error })
  return parsed.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
