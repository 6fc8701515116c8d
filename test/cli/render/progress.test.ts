import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bar, liveLine } from '../../../services/cli/render/progress.ts'
import { fakeTerminal } from '../terminal.ts'

for (const [share, text] of [
  [0, '             0 %'],
  [0.5, '█████       50 %'],
  [0.55, '█████▌      55 %'],
  [1, '██████████ 100 %'],
  [7, '██████████ 100 %'],
  [null, '                '],
] as const) {
  test(`a share of ${share} is drawn as |${text}|`, () => assert.equal(bar(share, 10), text))
}

test('on a terminal the line is drawn over the last one, and taken away at the end', () => {
  const terminal = fakeTerminal({ live: true, columns: 10 })
  const line = liveLine(terminal)
  line.draw('ten per cent')
  line.draw('ten per cent')
  line.draw('done')
  line.clear()
  assert.equal(terminal.errText(), '\r\u001b[2Kten per …\r\u001b[2Kdone\r\u001b[2K')
})

test('elsewhere only what lasts is said, each thing once', () => {
  const terminal = fakeTerminal({ live: false })
  const line = liveLine(terminal)
  line.draw('training 10 %', 'training')
  line.draw('training 20 %', 'training')
  line.draw('evaluating')
  line.clear()
  assert.equal(terminal.errText(), 'training\nevaluating\n')
})
