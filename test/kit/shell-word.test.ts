import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { shellWord } from '../../services/kit/shell-word.ts'

test('a plain name stays as it is', () => {
  for (const name of ['helpdesk', 'shop/eu-1', 'run-a2b3c4d5e6', 'a.b_c:d@e']) assert.equal(shellWord(name), name)
})

test('a shell reads every text back as the one word that it was', { skip: process.platform === 'win32' }, () => {
  const texts = fc.sample(fc.string({ unit: 'binary', minLength: 1 }), { numRuns: 200, seed: 1 })
  const named = [...texts, 'my bot', `it's`, '$(touch x)', '`x`', '~', '#1', '*', '!!', '"', '\\', 'ü', 'a;b', 'a\nb']
    .map((text) => text.toWellFormed().replaceAll('\0', ''))
    .filter((text) => text !== '')
  const script = `for word in ${named.map(shellWord).join(' ')}; do printf '%s\\0' "$word"; done`
  assert.deepEqual(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1), named)
})
