/** In a container the runner is a guest: what it finds around itself was made for the program. */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'

/**
 * The program is started in a folder of its own, so what its command names of the image's working directory is made
 * absolute: each element that is the relative path of a file there. A `node` in front stays: it is ours, found first in PATH.
 */
export function commandIn(directory: string, command: readonly string[]): string[] {
  return command.map((element, index) => {
    if (index === 0 && element === 'node') return element
    const path = resolve(directory, element)
    return isFile(path) ? path : element
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

/** Whether a variable comes from the image and so is the program's; the others were set for the runner, or by Kubernetes. */
export function isOfImage(name: string): boolean {
  return !/^(TRAINYARD|KUBERNETES)_/.test(name) && name !== 'TRACEPARENT'
}
