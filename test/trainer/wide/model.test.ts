import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stream } from '../../../services/trainer/fitting/random.ts'
import { type Model, readModel, writeModel } from '../../../services/trainer/wide/model.ts'

test('a stored model comes back: no weight is off by more than half a step of its row', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-model-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const draw = stream(1)
  const rows = 50
  const model: Model = {
    classes: { intents: ['a', 'b'], hasNull: true },
    calibration: { temperature: 0.4, outOfScope: { bias: -1.5, slope: 1.25, softness: 2 } },
    vocabulary: {
      rows: new Map(Array.from({ length: rows }, (_, row) => [Math.floor(draw() * 2 ** 32), row])),
      weights: Float32Array.from({ length: rows }, () => 1 + draw()),
      unknownWeight: 3.5,
    },
    table: {
      width: 3,
      cells: Float32Array.from({ length: rows * 3 }, (_, cell) => (cell < 3 ? 0 : 10 * (draw() - 0.5))),
      bias: Float32Array.of(0.5, -0.25, 0),
    },
  }
  writeModel(folder, model, { note: 'kept beside' })
  const read = readModel(folder)
  assert.deepEqual({ ...read, table: null }, { ...model, table: null })
  assert.deepEqual(read.table.bias, model.table.bias)
  for (let row = 0; row < rows; row += 1) {
    const cells = (all: Float32Array) => [...all.subarray(row * 3, row * 3 + 3)]
    const step = Math.max(...cells(model.table.cells).map(Math.abs)) / 127
    const stored = cells(read.table.cells)
    for (const [at, weight] of cells(model.table.cells).entries()) {
      assert.ok(Math.abs((stored[at] ?? Number.NaN) - weight) <= step / 2 + 1e-6)
    }
  }
})
