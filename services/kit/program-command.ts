import { statSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const packageRoot = fileURLToPath(new URL('../..', import.meta.url))

/** Where the files of a program are looked for: beside the configuration, then in the package. */
export function programFolders(configurationFile = 'trainyard.yaml'): readonly string[] {
  return [dirname(resolve(configurationFile)), packageRoot]
}

/**
 * A program is started in a folder of its own, so what its command names is made absolute: each element that is the relative
 * path of a file below one of the folders. A `node` in front stays: it is the package's own, found first in PATH.
 */
export function resolveCommand(command: readonly string[], folders: readonly string[]): string[] {
  return command.map((element, index) => {
    const isOurNode = index === 0 && element === 'node'
    if (isOurNode || element === '' || isAbsolute(element)) return element
    return folders.flatMap((folder) => fileBelow(folder, element) ?? [])[0] ?? element
  })
}

function fileBelow(folder: string, element: string): string | undefined {
  const path = resolve(folder, element)
  const below = relative(folder, path)
  const climbs = below === '..' || below.startsWith(`..${sep}`)
  return !climbs && isFile(path) ? path : undefined
}

/** An element may be anything, also a whole script: what cannot be the name of a file names none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
