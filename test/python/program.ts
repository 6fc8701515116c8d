/** The Python program, with the packages of its lock. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cached, must } from '../harness/cache.ts'
import { type Bench, bench } from '../trainer/harness.ts'

const folder = fileURLToPath(new URL('../../services/trainer/python/', import.meta.url))
export const program = join(folder, 'main.py')

const needs =
  'The Python training program needs Python 3.11 or newer with venv and pip, and PyPI or a mirror of it. Install them ' +
  '(Debian: apt-get install python3-venv), then run make test-python again.'

/** Fails on an older Python; otherwise says which one it is, down to the place where it is installed. */
const identify = 'import sys; assert sys.version_info >= (3, 11), sys.version; print(sys.version, sys.base_prefix)'

/** A Python that has exactly the locked packages. A virtual environment finds itself where it is, so it may be moved. */
export async function lockedPython(): Promise<string> {
  const lock = join(folder, 'requirements.lock')
  const python = await must('python3', ['-c', identify], needs)
  const environment = await cached('python-trainer', `${await readFile(lock, 'utf8')}${python}`, async (directory) => {
    await must('python3', ['-m', 'venv', directory], needs)
    const install = ['install', '--quiet', '--disable-pip-version-check', '--require-hashes', '--requirement', lock]
    await must(join(directory, 'bin', 'python'), ['-m', 'pip', ...install], needs)
  })
  return join(environment, 'bin', 'python')
}

export async function pythonBench(t: TestContext): Promise<Bench> {
  const python = await lockedPython()
  return bench(t, { commandOf: () => [python, program], mayWarn: true })
}
