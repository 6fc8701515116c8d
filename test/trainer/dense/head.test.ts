import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startBackend } from '../../../services/trainer/dense/backend.ts'
import { applyHead, head } from '../../../services/trainer/dense/head.ts'
import { type Matrix, multiply } from '../../../services/trainer/dense/multiply.ts'
import { strideOf } from '../../../services/trainer/fitting/adam.ts'
import { toErrors } from '../../../services/trainer/fitting/loss.ts'
import { stream } from '../../../services/trainer/fitting/random.ts'
import { normalise, normaliseBackward } from '../../../services/trainer/wide-deep/normalise.ts'

before(startBackend)

const nothingLeftOut = { input: 0, hidden: 0 }

function drawn(rows: number, columns: number, seed: number): Matrix {
  const draw = stream(seed)
  return { rows, columns, cells: Float32Array.from({ length: rows * columns }, () => 2 * draw() - 1) }
}

/** How much the sum of outputs, each times its weight, grows with one cell of the input: measured, not derived. */
function slopeAt(input: Matrix, cell: number, weighted: (input: Matrix) => number): number {
  const step = 1e-2
  const moved = (by: number): Matrix => ({
    ...input,
    cells: input.cells.map((value, at) => (at === cell ? value + by : value)),
  })
  return (weighted(moved(step)) - weighted(moved(-step))) / (2 * step)
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

test('a turned matrix gives the product of its transpose', () => {
  const left = drawn(3, 4, 1)
  const right = drawn(4, 2, 2)
  const transposed = ({ rows, columns, cells }: Matrix): Matrix => ({
    rows: columns,
    columns: rows,
    cells: Float32Array.from(cells, (_, at) => cells[(at % rows) * columns + Math.floor(at / rows)] ?? 0),
  })
  const plain = multiply(left, right)
  assert.deepEqual([plain.rows, plain.columns], [3, 2])
  assert.deepEqual(multiply(transposed(left), right, { turnLeft: true }), plain)
  assert.deepEqual(multiply(left, transposed(right), { turnRight: true }), plain)
})

test('the gradient over the inputs is how the outputs change with them', () => {
  const layers = head([5, 7, 6, 3], nothingLeftOut)
  layers.begin(stream(3))
  const inputs = drawn(4, 5, 4)
  const outputErrors = drawn(4, 3, 5)
  const weighted = (changed: Matrix): number => dot(applyHead(layers.weights, changed).cells, outputErrors.cells)
  const measured = inputs.cells.map((_, cell) => slopeAt(inputs, cell, weighted))
  layers.forward(inputs, stream(1))
  let derived = new Float32Array(0)
  layers.backward(outputErrors, strideOf(1, 0), (errors) => {
    derived = Float32Array.from(errors.cells)
  })
  for (const [cell, slope] of measured.entries()) assert.ok(Math.abs(slope - (derived[cell] ?? 9)) < 1e-2, `${cell}`)
})

test('normalised rows have mean 0 and variance 1, and their gradient is how they change', () => {
  const rows = drawn(3, 8, 6)
  const normal = normalise(rows)
  for (let row = 0; row < 3; row += 1) {
    const cells = [...normal.cells.subarray(row * 8, row * 8 + 8)]
    const mean = cells.reduce((sum, cell) => sum + cell, 0) / 8
    const variance = cells.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / 8
    assert.ok(Math.abs(mean) < 1e-5 && Math.abs(variance - 1) < 1e-3)
  }
  const errors = drawn(3, 8, 7)
  const derived = normaliseBackward(rows, errors).cells
  for (const [cell, slope] of derived.entries()) {
    const measured = slopeAt(rows, cell, (changed) => dot(normalise(changed).cells, errors.cells))
    assert.ok(Math.abs(slope - measured) < 2e-2, `${slope} and ${measured}`)
  }
})

test('what no line can part is learnt', () => {
  const corners = [0, 0, 0, 1, 1, 0, 1, 1]
  const inputs: Matrix = { rows: 4, columns: 2, cells: Float32Array.from(corners, (corner) => 4 * corner - 2) }
  const classOf = Int32Array.of(0, 1, 1, 0)
  const texts = Int32Array.of(0, 1, 2, 3)
  const layers = head([2, 16, 2], nothingLeftOut)
  layers.begin(stream(8))
  for (let step = 1; step <= 200; step += 1) {
    const logits = layers.forward(inputs, stream(9, step))
    toErrors(logits.cells, 2, texts, classOf, 0)
    layers.backward(logits, strideOf(step, 0.02))
  }
  const { cells } = applyHead(layers.weights, inputs)
  for (const text of texts) assert.equal((cells[2 * text] ?? 0) > (cells[2 * text + 1] ?? 0) ? 0 : 1, classOf[text])
})
