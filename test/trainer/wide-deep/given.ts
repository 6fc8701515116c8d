/** A cache folder that the tests of a file share, so that no text is embedded twice; and a checkout without the encoder. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { CommandOf } from '../harness.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export function sharedCache(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-cache-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a copy of the programs whose packages lack the encoder. */
export function withoutEncoder(t: TestContext): CommandOf {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bare-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(root, 'services', 'trainer'), join(folder, 'services', 'trainer'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(root, 'node_modules', '@tensorflow'), join(folder, 'node_modules', '@tensorflow'))
  return (program) => [process.execPath, join(folder, 'services', 'trainer', 'main.ts'), program]
}
