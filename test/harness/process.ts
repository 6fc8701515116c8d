import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** However this process ends, even by SIGKILL, the child ends too: the shell's input closes with us. */
export function endWithUs(child: ChildProcess): void {
  const watch = spawn('sh', ['-c', 'cat; kill -KILL "$0" 2>/dev/null', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  child.once('exit', () => watch.kill('SIGKILL'))
}

/** Sends the signal and waits for the end. A process that has ended already is left alone. */
export async function endBy(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (ended(child)) return
  const exit = once(child, 'exit')
  child.ref()
  child.kill(signal)
  await exit
}
