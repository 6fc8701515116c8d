import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { cleanup, type Ending } from '../../harness/cleanup.ts'

const command = fileURLToPath(new URL('../../../bin/trainyard.js', import.meta.url))
const Ready = z.object({ url: z.string() })

/**
 * `trainyard dev` as a person types it, in a folder with nothing but a configuration, stopped as by Ctrl-C.
 * @returns where it is
 */
export async function startDev(
  t: Ending,
  configuration: string,
  kafka: Readonly<Record<string, string>>,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dev-'))
  await writeFile(join(directory, 'trainyard.yaml'), configuration)
  const child = spawn(process.execPath, [command, 'dev', '--json', '--port', '0'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...kafka },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  cleanup(t, async () => {
    child.kill('SIGINT')
    await ended
    await rm(directory, { recursive: true, force: true })
  })
  let said = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk
    if (said.endsWith('}\n')) return Ready.parse(JSON.parse(said)).url
  }
  throw new Error(`trainyard dev ended before it was ready: ${said}`)
}
