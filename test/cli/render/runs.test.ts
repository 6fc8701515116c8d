import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../../../services/cli/client/console.ts'
import { runTable } from '../../../services/cli/render/runs.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'

const now = new Date('2026-03-01T12:00:00Z')
const run: Run = {
  run: 'run-aaaaaaaaaa',
  bot: 'b',
  jobType: 'intents',
  generation: 1,
  state: 'succeeded',
  begunAt: now,
  startedAt: now,
  end: null,
  request: null,
  model: null,
  evaluation: null,
  verdict: null,
  promotions: [],
  inForce: false,
}

test('a model whose exam had no rows is shown without an accuracy, and not with one of 0 %', () => {
  const evaluation = { evaluation: 'eval-0', accuracy: 0, macroF1: 0, examRows: 0, champion: null, difference: null }
  const shown = (examRows: number) =>
    runTable([{ ...run, evaluation: { ...evaluation, examRows } }], new Map(), makeStyle(false), now)
  assert.match(shown(0), /evaluated +– +now$/m)
  assert.match(shown(1), /evaluated +0\.0 % +now$/m)
})
