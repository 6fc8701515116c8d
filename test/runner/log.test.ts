import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createLog, type Log } from '../../services/runner/log.ts'
import { cleanup } from '../harness/cleanup.ts'
import { temporaryFolder } from './program.ts'

async function openLog(t: TestContext, limitBytes: number, path?: string): Promise<Log> {
  const log = createLog(path ?? join(await temporaryFolder(t), 'log'), limitBytes)
  cleanup(t, () => log.close())
  return log
}

const contentOf = (log: Log): string => log.read(0, log.size()).toString()
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('')

test('a log below its limit is kept as it is', async (t) => {
  const log = await openLog(t, 10_000)
  for (let line = 1; line <= 100; line++) log.append(Buffer.from(`line ${line}\n`))
  log.finish()
  assert.equal(contentOf(log), lines(1, 100))
})

test('a log at its limit keeps its head and its tail, and says what is left out', async (t) => {
  const log = await openLog(t, 10_000)
  for (let line = 1; line <= 5_000; line++) log.append(Buffer.from(`line ${line}\n`))
  log.finish()
  const content = contentOf(log)
  assert.ok(content.length <= 10_000)
  const match =
    /^([^[]*)\[trainyard\] the log is longer than 10000 bytes.*\n\[trainyard\] (\d+) bytes of log are left out here.*\n([^[]*)$/.exec(
      content,
    )
  assert.ok(match, content)
  const [, head = '', leftOut, tail = ''] = match
  const whole = lines(1, 5_000)
  assert.ok(whole.startsWith(head) && head.endsWith('\n'))
  assert.ok(whole.endsWith(`\n${tail}`))
  assert.equal(head.length + Number(leftOut) + tail.length, whole.length)
})

test('what can be read never changes, so that an offset means the same for ever', async (t) => {
  const log = await openLog(t, 5_000)
  let before = ''
  for (let line = 1; line <= 2_000; line++) {
    log.append(Buffer.from(`line ${line}\n`))
    const now = contentOf(log)
    assert.ok(now.startsWith(before))
    before = now
  }
  log.finish()
  log.finish()
  assert.ok(contentOf(log).startsWith(before))
})

test('the newest line that is not empty is found, also when only empty ones come after it', async (t) => {
  const log = await openLog(t, 10_000)
  for (const chunk of ['one\n', 'MemoryError: 8 GiB\n', '\n', '\n  \n']) log.append(Buffer.from(chunk))
  assert.equal(log.lastLine(), 'MemoryError: 8 GiB')
})

test('the newest line is told without its colours, and where it belongs to a stack trace, the message above the trace is', async (t) => {
  const traces = {
    "Error: Cannot find module '/bots/train.mjs'": [
      'node:internal/modules/cjs/loader:1564',
      '  throw err;',
      '  ^',
      '',
      "Error: Cannot find module '/bots/train.mjs'",
      ...Array.from({ length: 10 }, (_, line) => `    at Module._load (node:internal/modules/cjs/loader:${line}:12) {`),
      "  code: 'MODULE_NOT_FOUND',",
      '  requireStack: []',
      '}',
      '',
      'Node.js v24.21.0',
    ],
    'MemoryError: 8 GiB': ['\u001b[1;31mMemoryError\u001b[0m: 8 GiB'],
    'Error: boom': ['Error: boom', '    at file:///bots/train.mjs:1:7'],
    'Caused by: java.io.IOException: disk': [
      'Exception in thread "main" java.lang.IllegalStateException: no model',
      '\tat Train.main(Train.java:7)',
      'Caused by: java.io.IOException: disk',
      '\t... 12 more',
    ],
  }
  for (const [expected, lines] of Object.entries(traces)) {
    const log = await openLog(t, 10_000)
    for (const line of lines) log.append(Buffer.from(`${line}\n`))
    assert.equal(log.lastLine(), expected)
  }
})

test('where a stack trace is longer than what is kept of the newest lines, its end has to do', async (t) => {
  const log = await openLog(t, 100_000)
  log.append(Buffer.from('Error: deep\n'))
  for (let depth = 0; depth < 1_000; depth++) log.append(Buffer.from(`    at deeper (file:///train.mjs:${depth}:1)\n`))
  assert.equal(log.lastLine(), 'at deeper (file:///train.mjs:999:1)')
})

test('whatever the limit and the lines, the log never exceeds it and never changes', async (t) => {
  const path = join(await temporaryFolder(t), 'log')
  const chunks = fc.array(fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 20 }), { maxLength: 30 })
  fc.assert(
    fc.property(fc.nat({ max: 3_000 }), chunks, (limitBytes, given) => {
      const log = createLog(path, limitBytes)
      let before = ''
      const look = () => {
        const now = contentOf(log)
        assert.ok(log.size() <= limitBytes, `${log.size()} bytes of at most ${limitBytes}`)
        assert.ok(now.startsWith(before))
        before = now
      }
      for (const lines of given) {
        log.append(Buffer.from(lines.map((line) => `${line.replaceAll('\n', ' ')}\n`).join('')))
        look()
      }
      log.finish()
      look()
      log.close()
    }),
  )
})

test('a limit of nothing keeps nothing', async (t) => {
  const log = await openLog(t, 0)
  log.append(Buffer.from('a line\n'))
  log.finish()
  assert.equal(log.size(), 0)
})

test('a full disk ends the log and is called that; the attempt goes on', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const log = await openLog(t, 10_000, '/dev/full')
  log.append(Buffer.from('a line\n'))
  log.append(Buffer.from('the last line\n'))
  log.finish()
  assert.match(log.trouble() ?? '', /^the disk is full \(ENOSPC/)
  assert.equal(log.lastLine(), 'the last line')
})
