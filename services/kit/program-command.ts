import { statSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'

/**
 * A program is started in a folder of its own, so what its command names of the package is made absolute: each element
 * that is the relative path of a file below the package's root. A `node` in front stays: it is the package's own, found first in PATH.
 */
export function resolveCommand(command: readonly string[], packageRoot: string): string[] {
  return command.map((element, index) => {
    const isOurNode = index === 0 && element === 'node'
    if (isOurNode || element === '' || isAbsolute(element)) return element
    const path = resolve(packageRoot, element)
    const below = relative(packageRoot, path)
    const climbs = below === '..' || below.startsWith(`..${sep}`)
    return !climbs && isFile(path) ? path : element
  })
}

/** An element may be anything, also a whole script: what cannot be the name of a file names none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
