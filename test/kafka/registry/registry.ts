import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, must } from '../../harness/cache.ts'
import { freePort } from '../../harness/ports.ts'
import { endBy } from '../../harness/process.ts'
import { startJava } from '../broker/process.ts'

const needs =
  'The schema registry under test needs Java 17 and Maven, and Maven Central or a mirror of it. Install them (Debian: apt-get install openjdk-17-jre-headless maven), then run make test-kafka again.'

export interface RealRegistry {
  /** Where it speaks as Confluent's does. */
  readonly url: string
  /** Ends it; what it knew is lost. */
  stop(): Promise<void>
}

/** A real schema registry of the test's own, empty, on a free port. It answers when this resolves. */
export async function startRegistry(port?: number): Promise<RealRegistry> {
  const taken = port ?? (await freePort())
  const folder = await unpacked()
  const directory = await mkdtemp(join(tmpdir(), 'registry-'))
  const settings = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': taken,
    'quarkus.http.access-log.enabled': false,
    'quarkus.log.category."io.quarkus".level': 'INFO',
  }
  const child = await startJava(
    join(folder, (await readdir(folder)).find((name) => name.endsWith('-runner.jar')) ?? 'runner.jar'),
    [...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`), 'io.quarkus.runner.GeneratedMain'],
    { log: join(directory, 'registry.log'), ready: 'Listening on' },
  )
  return {
    url: `http://127.0.0.1:${taken}/apis/ccompat/v7`,
    async stop() {
      await endBy(child, 'SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function unpacked(): Promise<string> {
  const pom = fileURLToPath(new URL('pom.xml', import.meta.url))
  return await cached('registry', await readFile(pom, 'utf8'), async (directory) => {
    const places = [`-DoutputDirectory=${directory}`, `-DmarkersDirectory=${directory}`]
    await must('mvn', ['--batch-mode', '--quiet', `--file=${pom}`, 'dependency:unpack-dependencies', ...places], needs)
  })
}
