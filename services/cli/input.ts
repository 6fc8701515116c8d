/** Files that a person names, `-` for standard input; what can't be read is said in a sentence. */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { CommandFailure, systemCode } from './failure.ts'
import { printable } from './render/table.ts'

export async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** The file as a stream. Opened and looked at first, so that a missing file is said as such. */
export async function openFile(file: string): Promise<Readable> {
  if (file === '-') return process.stdin
  try {
    const found = await stat(file)
    if (found.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
    return createReadStream(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

export function parseJsonText(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The message quotes what is there, line ends and all.
    const why = printable(error instanceof Error ? error.message : String(error))
    throw new CommandFailure(`${name} is not JSON (${why})`, {
      next: 'Correct it and try again.',
      cause: error,
    })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
}

function unreadable(file: string, error: unknown): CommandFailure {
  const why = reasons[systemCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))
  return new CommandFailure(`${file} cannot be read: ${why}`, { next: 'Check the name.', cause: error })
}
