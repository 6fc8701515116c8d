import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { eventually } from '../../harness/eventually.ts'
import { endBy, ended, endWithUs } from '../../harness/process.ts'

const run = promisify(execFile)

const machine = [
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn',
]

/** Runs a Java program to its end. */
export async function java(classPath: string, parameters: readonly string[]): Promise<void> {
  await run('java', [...machine, '-cp', classPath, ...parameters])
}

/** Starts a Java program that stays, and resolves once its log says so. */
export async function startJava(
  classPath: string,
  parameters: readonly string[],
  { log, ready }: { log: string; ready: string },
): Promise<ChildProcess> {
  const output = await open(log, 'w')
  const child = spawn('java', [...machine, '-cp', classPath, ...parameters], {
    stdio: ['ignore', output.fd, output.fd],
  })
  // A test's process ends when its work is done, whoever else still runs.
  child.unref()
  await output.close()
  endWithUs(child)
  try {
    await eventually(async () => (await readFile(log, 'utf8')).includes(ready) || ended(child), {
      timeoutMs: 60_000,
      what: `"${ready}" in ${log}`,
    })
    if (ended(child)) throw new Error(`java ${parameters.join(' ')} ended:\n${await readFile(log, 'utf8')}`)
    return child
  } catch (error) {
    await endBy(child, 'SIGKILL')
    throw error
  }
}
