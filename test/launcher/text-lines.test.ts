import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { textLines } from '../../services/launcher/text-lines.ts'

async function* pieces(...parts: Uint8Array[]) {
  yield* parts
}
const all = (content: AsyncIterable<Uint8Array>, limit = 1_000) => Array.fromAsync(textLines(content, limit))

test('lines are the same however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 7 }), async (text, size) => {
      const bytes = Buffer.from(text)
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      const expected = bytes.toString().split('\n')
      if (expected.at(-1) === '') expected.pop()
      // A byte order mark at the beginning of a line is not part of its text.
      const plain = expected.map((line) => line.replace(/^\uFEFF/, ''))
      assert.deepEqual(await all(pieces(...cut)), plain)
    }),
  )
})

test('a line that never ends is refused long before it is held whole', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(100, 'x')
  }
  await assert.rejects(all(endless()), /line 1: longer than 1000 bytes/)
})

test('bytes that are no UTF-8 are refused with their line', async () => {
  await assert.rejects(all(pieces(Buffer.from('fine\n'), Buffer.from([0xff, 10]))), /line 2: not UTF-8/)
})
