import { join, relative, sep } from 'node:path'
import type { StoredFile } from '../../schemas/files.ts'
import type { RunApi } from './api.ts'
import { BadOutput, Rejected } from './errors.ts'
import { inParallel } from './parallel.ts'

const transfersAtOnce = 4

export async function fetchFiles(
  api: RunApi,
  files: readonly StoredFile[],
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  await inParallel(transfersAtOnce, files, (file) => api.download(file, pathBelow(folder, file.path), signal))
}

export async function storeFiles(
  api: RunApi,
  files: readonly StoredFile[],
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  await inParallel(transfersAtOnce, files, (file) =>
    asOutput(file.path, api.upload(file, join(folder, file.path), signal)),
  )
}

/** A call that hands over what the program made: when the launcher says no, the fault is the output's. */
export async function asOutput<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof Rejected) throw new BadOutput(`${what}: ${error.message}`)
    throw error
  }
}

function pathBelow(folder: string, path: string): string {
  const full = join(folder, path)
  const below = relative(folder, full)
  if (below === '' || below === '..' || below.startsWith(`..${sep}`)) {
    throw new Error(`the input ${JSON.stringify(path)} would lie outside its folder`)
  }
  return full
}
