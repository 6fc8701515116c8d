import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Outside the checkout, so that every clone and every run of CI on a machine shares it. */
const root = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trainyard')

/**
 * A folder that holds what the recipe makes, brought once per machine.
 *
 * It is filled under another name and renamed when whole, so an interrupted download leaves nothing half done; where
 * two fill it at once, the first to finish wins and both go on with the same bytes.
 * @param recipe whatever the content depends on: another recipe is another folder
 */
export async function cached(
  name: string,
  recipe: string,
  fill: (directory: string) => Promise<unknown>,
): Promise<string> {
  const directory = join(root, `${name}-${createHash('sha256').update(recipe).digest('hex').slice(0, 16)}`)
  if (existsSync(directory)) return directory
  const unfinished = `${directory}.${randomUUID()}`
  await mkdir(unfinished, { recursive: true })
  try {
    await fill(unfinished)
    await rename(unfinished, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return directory
}

/** Runs a program that must succeed; the error says what it needs and what it wrote. */
export async function must(
  program: string,
  parameters: readonly string[],
  needs: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const env = { ...process.env, ...environment }
    return (await run(program, parameters, { maxBuffer: 16 * 1024 * 1024, env })).stdout
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error ? `${'stdout' in error ? error.stdout : ''}${error.stderr}` : ''
    throw new Error(`${program} failed. ${needs}\n${said}`.trim(), { cause: error })
  }
}
