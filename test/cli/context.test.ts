import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wantsColours } from '../../services/cli/context.ts'

for (const [variables, isTerminal, wanted] of [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
] as const) {
  test(`${isTerminal ? 'a terminal' : 'a pipe'} with ${JSON.stringify(variables)} ${wanted ? 'has' : 'has no'} colours`, () => {
    assert.equal(wantsColours(variables, isTerminal), wanted)
  })
}
