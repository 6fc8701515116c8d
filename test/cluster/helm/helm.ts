import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cached, must } from '../../harness/cache.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'

const needs = 'Helm is built from its Go modules: that needs Go 1.26 or later. Install it (https://go.dev/dl).'
const here = fileURLToPath(new URL('.', import.meta.url))
const run = promisify(execFile)

/** Runs Helm; resolves to what it prints. */
export type Helm = (...parameters: readonly string[]) => Promise<string>

/** Helm without anything of this machine's user. Built once per machine. */
export async function makeHelm(t: Ending, kubeconfig?: string): Promise<Helm> {
  const program = join(await build(), 'helm')
  const home = await mkdtemp(join(tmpdir(), 'helm-'))
  cleanup(t, () => rm(home, { recursive: true, force: true }))
  const folders = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
  const env = { PATH: process.env['PATH'], HOME: home, ...folders, ...(kubeconfig && { KUBECONFIG: kubeconfig }) }
  return async (...parameters) => (await run(program, parameters, { env, maxBuffer: 16 * 1024 * 1024 })).stdout
}

async function build(): Promise<string> {
  const recipe = (await readFile(join(here, 'go.mod'), 'utf8')) + (await readFile(join(here, 'go.sum'), 'utf8'))
  return await cached('helm', recipe, (directory) =>
    must('go', ['-C', here, 'build', '-trimpath', '-ldflags=-s -w', '-o', `${directory}/`, 'tool'], needs, {
      CGO_ENABLED: '0',
    }),
  )
}
