import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, must } from '../../harness/cache.ts'

const needs =
  'The broker under test needs Java 17 and Maven, and Maven Central or a mirror of it. Install them (Debian: apt-get install openjdk-17-jre-headless maven), then run make test-kafka again.'

/** The class path of the jars that a pom names, with all that they need. */
export async function jarsOf(pom: string): Promise<string> {
  const folder = await cached('jars', await readFile(pom, 'utf8'), (directory) =>
    must(
      'mvn',
      ['--batch-mode', '--quiet', `--file=${pom}`, 'dependency:copy-dependencies', `-DoutputDirectory=${directory}`],
      needs,
    ),
  )
  return join(folder, '*')
}

export async function brokerJars(): Promise<string> {
  const version = await must('java', ['--version'], needs)
  const major = Number(/^\S+ (\d+)/.exec(version)?.[1])
  if (!(major >= 17)) throw new Error(`java is of version ${major}. ${needs}`)
  return await jarsOf(fileURLToPath(new URL('pom.xml', import.meta.url)))
}
