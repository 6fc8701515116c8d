import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runTable } from '../../../services/cli/render/runs.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'
import { someRun } from '../some-run.ts'

const now = new Date('2026-03-01T12:00:00Z')
test('a model whose exam had no rows is shown without an accuracy, and not with one of 0 %', () => {
  const evaluation = { evaluation: 'eval-0', accuracy: 0, macroF1: 0, examRows: 0, champion: null, difference: null }
  const shown = (examRows: number) =>
    runTable([{ ...someRun(now), evaluation: { ...evaluation, examRows } }], new Map(), makeStyle(false), now)
  assert.match(shown(0), /evaluated +– +now$/m)
  assert.match(shown(1), /evaluated +0\.0 % +now$/m)
})
