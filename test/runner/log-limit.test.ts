import assert from 'node:assert/strict'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { writeProgram } from './program.ts'
import { startRunApi } from './run-api.ts'
import { startRunner } from './runner.ts'

test('1 GB of log is capped with a mark and does not grow the memory', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `const block = Buffer.from((' all work and no play'.repeat(20) + '\\n').repeat(2_500))
     for (let written = 0; written < 1e9; written += block.length) fs.writeSync(1, block)
     console.log('the last line')
     fs.writeFileSync(join(output, '../../printed'), '')
     while (!fs.existsSync(join(output, '../../go'))) await new Promise((resolve) => setTimeout(resolve, 20))`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => access(join(runner.workDirectory, 'printed')).then(() => true), { timeoutMs: 60_000 })
  const status = await readFile(`/proc/${runner.pid}/status`, 'utf8')
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
  // It is 170 to 210, as collections happen to fall; the whole log would be a gigabyte.
  assert.ok(peakMiB < 300, `the runner took ${peakMiB} MiB`)
  await writeFile(join(runner.workDirectory, 'go'), '')
  assert.equal(await runner.ended, 0)
  assert.ok(api.committed)
  const log = api.log.toString()
  assert.ok(log.length <= api.claim.logLimitBytes)
  assert.match(
    log,
    /\n\[trainyard\] the log is longer than 1000000 bytes.*\n\[trainyard\] \d{9,10} bytes of log are left out/,
  )
  assert.ok(log.endsWith('\nthe last line\n'))
})
