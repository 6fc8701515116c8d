/**
 * Puts the runner and its Node into a folder that another container mounts:
 *
 *     node services/runner/install.ts FOLDER [TOKEN_FILE]
 *
 *     FOLDER/node  FOLDER/package.json  FOLDER/services/runner/…  FOLDER/lib/… where Node has its libraries beside it
 *
 * Each file is there whole or not at all, and a second time changes nothing, whatever the first has left. Any user may read
 * and run what is there. The attempt's token is taken from TRAINYARD_ATTEMPT_TOKEN and left in a file for the runner, which
 * removes it: what a process was started with can be read by every other of the same user, and the program is one. Exit codes: 0 it is there; 1 it could not be put there; 2 wrongly called.
 */

import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from './errors.ts'

const runner = dirname(fileURLToPath(import.meta.url))
const packageRoot = dirname(dirname(runner))
/** In the image: what Node is linked with, loader and all. Elsewhere it is linked with the machine's. */
const libraries = join(packageRoot, 'lib')

function install(folder: string): void {
  put(join(folder, 'node'), 0o755, (path) => copyFileSync(process.execPath, path))
  // Without it Node would have to guess what kind of modules these are, for each of them.
  put(join(folder, 'package.json'), 0o644, (path) => writeFileSync(path, '{ "type": "module" }\n'))
  putAll(folder, runner, 0o644)
  if (existsSync(libraries)) putAll(folder, libraries, 0o755)
}

/** Everything of a folder of the package, where it is there. */
function putAll(folder: string, from: string, mode: number): void {
  const below = relative(packageRoot, from)
  makeFolder(folder, below)
  for (const name of readdirSync(from))
    put(join(folder, below, name), mode, (path) => copyFileSync(join(from, name), path))
}

function makeFolder(folder: string, below: string): void {
  if (below === '.') return
  makeFolder(folder, dirname(below))
  const path = join(folder, below)
  mkdirSync(path, { recursive: true })
  // What was asked of mkdir is subject to the umask.
  chmodSync(path, 0o755)
}

function put(path: string, mode: number, write: (path: string) => void): void {
  const unfinished = `${path}.unfinished`
  write(unfinished)
  chmodSync(unfinished, mode)
  renameSync(unfinished, path)
}

function main([folder, tokenFile, ...more]: readonly string[]): number {
  if (folder === undefined || more.length > 0) {
    process.stderr.write('install: expected the folder to put the runner into, and maybe a file for the token\n')
    return 2
  }
  const token = process.env['TRAINYARD_ATTEMPT_TOKEN'] ?? ''
  if (tokenFile !== undefined && token === '') {
    process.stderr.write('install: TRAINYARD_ATTEMPT_TOKEN is not set\n')
    return 2
  }
  try {
    install(folder)
    if (tokenFile !== undefined) put(tokenFile, 0o600, (path) => writeFileSync(path, token, { mode: 0o600 }))
    return 0
  } catch (error) {
    process.stderr.write(`install: the runner could not be put into ${folder}: ${messageOf(error)}\n`)
    return 1
  }
}

process.exitCode = main(process.argv.slice(2))
