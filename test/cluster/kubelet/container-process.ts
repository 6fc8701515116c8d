import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ended, endWithUs } from '../../harness/process.ts'
import type { User } from './user.ts'

const script = fileURLToPath(new URL('sandbox.sh', import.meta.url))

export interface Mount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface ProcessOptions {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Where the files of its image lie on the machine. */
  readonly image: string
  readonly directory: string
  readonly mounts: readonly Mount[]
  readonly readOnlyRoot: boolean
  /** The machine's own if nothing is said. */
  readonly user: User | undefined
  /** A path on the machine where its root is put together. */
  readonly scratch: string
  readonly output: (chunk: Buffer) => void
}

export interface ContainerProcess {
  /** Its exit code, 128 and the signal's number if it ended by one; with what went wrong if it could not even begin. */
  readonly ended: Promise<{ readonly exitCode: number; readonly startError: string | undefined }>
  /** To its first process, as in any container: when that ends, all others do. */
  signal(name: NodeJS.Signals): void
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

/** Resolves once the command runs, or has ended. */
export async function startProcess(options: ProcessOptions): Promise<ContainerProcess> {
  const { mounts, user, scratch, command } = options
  await mkdir(scratch, { recursive: true })
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child=SIGKILL'],
      ...['sh', script, scratch, options.image, options.readOnlyRoot ? 'ro' : 'rw', options.directory],
      ...(user ? [`${user.id}`, groupsOf(user)] : ['', '']),
      String(mounts.length),
      ...mounts.flatMap(({ source, target, readOnly }) => [source, target, readOnly ? 'ro' : 'rw']),
      ...command,
    ],
    { env: options.environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] },
  )
  child.unref()
  endWithUs(child)
  const [, output, complaints, errors, marks] = child.stdio as [null, Readable, Readable, Readable, Readable]
  for (const each of [output, errors]) each.on('data', options.output)
  const complaint = textOf(complaints)

  let begun = false
  const beginning = once(marks.resume(), 'data').then(() => {
    begun = true
  })

  async function end() {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    const said = (await complaint).trim()
    if (said !== '' && !begun) return { exitCode: 128, startError: said }
    // Only `unshare` itself can still complain: it cannot end by SIGKILL as its child did.
    const last = said === '' ? signal : 'SIGKILL'
    const exitCode = last === null ? (code ?? 0) : 128 + (signalNumbers[last] ?? 0)
    return { exitCode, startError: undefined }
  }

  const ending = end()
  await Promise.race([beginning, ending])
  return {
    ended: ending,
    signal(name) {
      const first = ended(child) ? undefined : firstProcess(child.pid ?? 0)
      try {
        if (first !== undefined) process.kill(first, name)
      } catch (error) {
        // It was quicker.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
      }
    },
  }
}

/** Its group and the supplementary ones; to have none of these is said by the first one twice. */
const groupsOf = ({ group, groups }: User): string => [group, ...(groups.length > 0 ? groups : [group])].join(' ')

/** `unshare` itself stands outside the namespace; its child is the namespace's first process. */
function firstProcess(outside: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${outside}/task/${outside}/children`, 'utf8').trim().split(' ')
    return first ? Number(first) : undefined
  } catch {
    return undefined
  }
}
