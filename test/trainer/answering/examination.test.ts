import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answered, examine } from '../../../services/trainer/answering/examination.ts'
import { ambiguousTexts, labelNoise } from '../../../services/trainer/answering/label-noise.ts'

const classes = { intents: ['a', 'b'], hasNull: true }

function row(classIndex: number, shares: [number, number, number]): Answered {
  const intent = shares[0] >= shares[1] ? 0 : 1
  return { classIndex, shares: Float64Array.from(shares), intent, outsideOdds: shares[2] / (shares[intent] ?? 1) }
}

const rows = [
  row(0, [0.9, 0.05, 0.05]),
  row(0, [0.2, 0.7, 0.1]),
  row(1, [0.1, 0.8, 0.1]),
  row(1, [0.1, 0.3, 0.6]),
  row(2, [0.1, 0.1, 0.8]),
  row(2, [0.2, 0.5, 0.3]),
]

test('accuracy counts what gets its intent, recall what is taken for out of scope, AUROC the pairs in the right order', () => {
  const { inScope, outside, accuracy, outOfScope } = examine(rows, classes)
  assert.deepEqual([inScope, outside, accuracy], [4, 2, 0.5])
  assert.equal(outOfScope?.recall, 0.5)
  // Odds in scope: 0.06, 0.14, 0.125 and 2; outside: 8 and 0.6. Of 8 pairs 7 are in the right order.
  assert.equal(outOfScope?.auroc, 7 / 8)
})

test('along the curve more is rejected, more recognised, and less answered', () => {
  const { outOfScope } = examine(rows, classes)
  const curve = outOfScope?.curve ?? []
  const rising = (values: number[]) => values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0))
  assert.ok(rising(curve.map(({ rejected }) => rejected)))
  assert.ok(rising(curve.map(({ recall }) => recall)))
  assert.ok(rising(curve.map(({ accuracy }) => -accuracy)))
  assert.deepEqual(curve[0], { rejected: 0, accuracy: 0.75, recall: 0.5 })
})

test('the calibration error is nothing where sure answers are right as often as they say', () => {
  const sure = Array.from({ length: 10 }, (_, at) => row(at < 8 ? 0 : 1, [0.8, 0.2, 0]))
  assert.ok(examine(sure, classes).calibrationError < 1e-9)
  const boastful = sure.map(({ classIndex }) => row(classIndex, [1, 0, 0]))
  assert.ok(Math.abs(examine(boastful, classes).calibrationError - 0.2) < 1e-9)
})

test('the surest contradiction is the most suspicious label', () => {
  const examples = rows.map((_, at) => ({ text: `text ${at}`, intent: 'a' }))
  const noise = labelNoise(
    rows.map((one, text) => ({ ...one, text })),
    examples,
  )
  assert.deepEqual(
    noise.suspicions.map(({ example, taken }) => [example, taken]),
    [
      [1, 1],
      [3, 2],
      [5, 1],
    ],
  )
  assert.deepEqual([noise.examined, noise.surelyContradicted], [6, 0])
})

test('a text under two intents is counted once, however it is written', () => {
  const examples = [
    { text: 'Hello', intent: 'a' },
    { text: ' hello', intent: 'b' },
    { text: 'HELLO ', intent: null },
    { text: 'other', intent: 'a' },
    { text: 'other', intent: 'a' },
  ]
  assert.equal(ambiguousTexts(examples), 1)
})
