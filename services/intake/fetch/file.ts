import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import { badInput, codeOf, messageOf, type TrainyardError, unavailable } from '../../kit/errors.ts'

/**
 * Reads one dataset from below one of the folders. What counts is where the file really lies, so a link that leads out is
 * refused; and that it still lies there once it is open, so a link that is changed in between is refused too.
 */
export async function* fetchFile(path: string, folders: readonly string[]): AsyncGenerator<Uint8Array> {
  const realFolders = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)))
  // By name first, so that an answer never tells what lies elsewhere.
  if (![...folders, ...realFolders].some((folder) => isBelow(path, folder))) throw outside(path)
  const real = await realpath(path).catch((error: unknown) => {
    throw failureOf(path, error)
  })
  if (!realFolders.some((folder) => isBelow(real, folder))) throw outside(path)
  // Without waiting for a writer, should it be a pipe; and not through a link that took the file's place.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(real, flags).catch((error: unknown) => {
    throw failureOf(path, error)
  })
  try {
    await refuseMoved(path, real, handle)
    yield* readingOf(path, handle)
  } finally {
    await handle.close()
  }
}

async function* readingOf(path: string, handle: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    yield* handle.createReadStream({ autoClose: false })
  } catch (error) {
    throw failureOf(path, error)
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function outside(path: string): TrainyardError {
  return badInput(`the file ${path} does not lie below a folder of datasetSources in trainyard.yaml`)
}

async function refuseMoved(path: string, real: string, handle: FileHandle): Promise<void> {
  const opened = await handle.stat()
  if (!opened.isFile()) throw badInput(`${path} is not a regular file`)
  const named = await stat(real)
  if ((await realpath(real)) !== real || opened.ino !== named.ino || opened.dev !== named.dev)
    throw unavailable(`the file ${path} was moved while it was opened`)
}

function failureOf(path: string, error: unknown): TrainyardError {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return badInput(`there is no file ${path}`, { cause: error })
  if (code === 'EACCES' || code === 'EPERM') return badInput(`the file ${path} may not be read`, { cause: error })
  if (code === 'ELOOP' || code === 'ENAMETOOLONG')
    return badInput(`the file ${path} cannot be reached`, { cause: error })
  return unavailable(`the file ${path} cannot be read: ${messageOf(error)}`, { cause: error })
}
