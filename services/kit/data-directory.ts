/** The folder of `TRAINYARD_DATA_DIR`: made, or the reason why it cannot be used. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { badInput, codeOf, messageOf, type TrainyardError } from './errors.ts'

/** @throws badInput when it cannot be made, is no folder, or may not be written to */
export function makeDataDirectory(directory: string): void {
  try {
    makeFolder(resolve(directory))
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unusable(directory, error)
  }
}

/** Step by step: where the file system has no place for it, Node's own recursive way says something else, or never ends. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    // What is there may be a file, and then this says so.
    accessSync(`${path}/.`)
    return
  }
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have been faster.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: 'it, or something on the way to it, is a file and not a folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system there is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'no folder can be made there',
  ENAMETOOLONG: 'its name is too long',
}

function unusable(directory: string, error: unknown): TrainyardError {
  const code = codeOf(error) ?? ''
  return badInput(`the data directory ${directory} cannot be used: ${reasons[code] ?? messageOf(error)}`, {
    hint: 'Choose another one with --data-dir or TRAINYARD_DATA_DIR.',
    cause: error,
  })
}
