/** A cache folder that the tests of a file share, so that no text is embedded twice; and programs without the encoder. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { CommandOf } from '../harness.ts'

const main = fileURLToPath(new URL('../../../services/trainer/main.ts', import.meta.url))

export function sharedCache(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-cache-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Node finds the encoder's package nowhere. */
export const withoutEncoder: CommandOf = (program) => {
  return [process.execPath, '--import', new URL('./without-encoder.ts', import.meta.url).href, main, program]
}
