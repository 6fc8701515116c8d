/**
 * Models on this machine, below the system's folder for caches, one folder per digest.
 *
 * Invariant: a folder is there only when every file in it was found to have its digest: it is filled beside its place
 * and then renamed.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { manifestOf, StoredFiles } from '../../../schemas/files.ts'
import { messageOf } from '../../kit/errors.ts'
import type { Model } from '../client/launcher.ts'
import { CommandFailure, systemCode } from '../failure.ts'

export type ReadFile = (digest: string, file: string) => AsyncIterable<Uint8Array>

/** The folder that holds the files of the model, fetched if they are not there yet. */
export async function cachedModel(model: Model, cache: string, read: ReadFile): Promise<string> {
  const files = StoredFiles.parse(model.files.map(({ path, digest, bytes }) => ({ path, digest, bytes })))
  if (manifestOf(files).digest !== model.digest) throw tampered(`the list of files of ${model.digest}`)
  const place = join(cache, model.digest.replace('sha256:', ''))
  if (await exists(place)) return place

  await mkdir(cache, { recursive: true }).catch((error: unknown) => {
    throw new CommandFailure(`no model can be kept in ${cache}: ${messageOf(error)}`, {
      next: 'Name a folder that may be written to with XDG_CACHE_HOME.',
    })
  })
  const filling = `${place}.${randomUUID()}`
  try {
    for (const file of files) {
      const target = join(filling, file.path)
      await mkdir(dirname(target), { recursive: true })
      const hash = createHash('sha256')
      const hashed = async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          hash.update(chunk)
          yield chunk
        }
      }
      await pipeline(Readable.from(read(model.digest, file.path)), hashed, createWriteStream(target))
      if (`sha256:${hash.digest('hex')}` !== file.digest) throw tampered(`${file.path} of ${model.digest}`)
    }
    await rename(filling, place)
  } catch (error) {
    // Another command may have filled the same place meanwhile: the content is the same.
    if (!isThereAlready(error)) throw error
  } finally {
    await rm(filling, { recursive: true, force: true })
  }
  return place
}

/** Where systems keep what can be had again: models, and what programs keep for the next time. Pure. */
export function cacheFolders(
  variables: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string = homedir() || tmpdir(),
): { models: string; programs: string } {
  const base =
    variables['XDG_CACHE_HOME'] ||
    (platform === 'darwin' && join(home, 'Library', 'Caches')) ||
    (platform === 'win32' && variables['LOCALAPPDATA']) ||
    join(home, '.cache')
  const own = join(base, 'trainyard')
  return { models: join(own, 'models'), programs: join(own, 'program-cache') }
}

function tampered(what: string): CommandFailure {
  return new CommandFailure(`${what} does not have the digest that it should have`, {
    next: 'Something between here and the server changes what passes. Nothing was kept; try again.',
  })
}

const isThereAlready = (error: unknown) => ['EEXIST', 'ENOTEMPTY', 'EPERM'].includes(systemCode(error) ?? '')

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}
