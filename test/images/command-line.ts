import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mount, startProcess } from '../cluster/kubelet/container-process.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import type { BuiltImage } from './build.ts'

export interface CommandLineOptions {
  readonly image: BuiltImage
  readonly variables: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
}

/** The command `trainyard` in a container of its own for each call, which must succeed; resolves to what it said. */
export async function commandLine(
  t: Ending,
  { image, variables, mounts }: CommandLineOptions,
): Promise<(...words: string[]) => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'command-line-'))
  cleanup(t, () => rm(folder, { recursive: true, force: true }))
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  await chmod(temporary, 0o1777)
  let calls = 0

  return async (...words) => {
    calls += 1
    let said = ''
    const { ended } = await startProcess({
      command: [...image.entrypoint, 'services/cli/main.ts', ...words],
      environment: { ...image.environment, ...variables },
      image: image.root,
      directory: image.workingDirectory,
      mounts: [...mounts, { source: temporary, target: '/tmp', readOnly: false }],
      readOnlyRoot: true,
      user: { id: 65_532, group: 65_532, groups: [] },
      scratch: join(folder, `call-${calls}`),
      output: (chunk) => {
        said += chunk
      },
    })
    assert.deepEqual(await ended, { exitCode: 0, startError: undefined }, said)
    return said
  }
}
