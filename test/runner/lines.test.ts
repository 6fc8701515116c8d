import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createOutputReader, progressIn } from '../../services/runner/lines.ts'

function readAll(chunks: readonly Buffer[]): { log: string; progress: number[] } {
  const logged: Buffer[] = []
  const progress: number[] = []
  const reader = createOutputReader({
    log: (lines) => logged.push(Buffer.from(lines)),
    progress: (share) => progress.push(share),
  })
  for (const chunk of chunks) reader.read(chunk)
  reader.end()
  return { log: Buffer.concat(logged).toString(), progress }
}

/** The same bytes, cut anywhere, also within a character. */
const cut = (content: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...places.map((place) => place % (content.length + 1)), content.length].sort((a, b) => a - b)
  return ends.map((end, index) => content.subarray(ends[index - 1] ?? 0, end))
}

test('however the output is cut into chunks, the same lines are log and the same are progress', () => {
  const line = fc.oneof(fc.constantFrom('{"progress":0.5}', '{"progress":2}', '{', '', 'é漢'), fc.string())
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, places) => {
      const content = Buffer.from(lines.map((text) => `${text.replaceAll('\n', ' ')}\n`).join(''))
      assert.deepEqual(readAll(cut(content, places)), readAll([content]))
    }),
  )
})

test('a line is progress only when it is an object with a share from 0 to 1', () => {
  const shares = ['{"progress":0}', '{"progress":1,"epoch":3}', '{"progress":1.1}', '{"progress":"1"}', '[1]', '{']
  assert.deepEqual(
    shares.map((line) => progressIn(Buffer.from(line))),
    [0, 1, undefined, undefined, undefined, undefined],
  )
})

test('progress lines leave no trace in the log, the others keep their order', () => {
  const read = readAll([Buffer.from('a\n{"progress":0.1}\nb\n{"progress":0.2}\n{"x":1}\nc')])
  assert.deepEqual(read, { log: 'a\nb\n{"x":1}\nc\n', progress: [0.1, 0.2] })
})

test('a line without an end is broken, not gathered without limit', () => {
  const chunk = Buffer.alloc(50_000, 'x')
  const { log } = readAll(Array.from({ length: 10 }, () => chunk))
  assert.equal(log.replaceAll('\n', '').length, 500_000)
  assert.ok(Math.max(...log.split('\n').map((line) => line.length)) <= 115_536)
})
