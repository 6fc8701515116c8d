import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probabilities } from '../../../services/trainer/answering/answer.ts'
import { calibrate, type HeldOut } from '../../../services/trainer/answering/calibrate.ts'
import type { Classes } from '../../../services/trainer/answering/classes.ts'
import { stream } from '../../../services/trainer/fitting/random.ts'

const classes: Classes = { intents: ['a', 'b', 'c'], hasNull: true }

/** Logits whose softmax at `temperature` is exactly how likely each class is. */
function drawn(count: number, temperature: number): HeldOut[] {
  const draw = stream(1)
  return Array.from({ length: count }, () => {
    const odds = [draw() * 4, draw() * 4, draw() * 4]
    const [a = 0, b = 0, c = 0] = odds.map(Math.exp)
    const place = draw() * (a + b + c)
    const classIndex = place < a ? 0 : place < a + b ? 1 : 2
    return { logits: Float32Array.from([...odds.map((odd) => odd * temperature), -2]), classIndex }
  })
}

/** The model is at a loss, and the last class is not far behind. */
const outside = Array.from({ length: 40 }, (_, at): HeldOut => {
  return { logits: Float32Array.of(0.1 + at / 400, 0.1, 0.05, at / 200), classIndex: 3 }
})

test('the temperature that makes probabilities true is found', () => {
  for (const temperature of [0.2, 0.5, 2]) {
    const found = calibrate(drawn(4000, temperature), classes, 0.05).temperature
    assert.ok(Math.abs(found / temperature - 1) < 0.1, `${found} for ${temperature}`)
  }
})

test('a handful of held-out examples, all right, does not make it sure of everything', () => {
  const sure: HeldOut[] = [{ logits: Float32Array.of(1, 0, 0, 0), classIndex: 0 }]
  assert.ok(calibrate(sure, classes, 0.05).temperature > 0.1)
})

test('without held-out out-of-scope examples null is never answered', () => {
  const calibration = calibrate(drawn(50, 0.5), classes, 0.05)
  assert.equal(calibration.outOfScope, null)
  assert.equal(probabilities(Float32Array.of(0, 0, 0, 9), classes, calibration).at(-1), 0)
})

test('the more out-of-scope texts are to be expected, the more readily null is answered', () => {
  const likely = [0.01, 0.05, 0.2, 0.5].map((share) => {
    const calibration = calibrate([...drawn(400, 0.3), ...outside], classes, share)
    return probabilities(Float32Array.of(0.5, 0.4, 0.3, 0.1), classes, calibration).at(-1) ?? 0
  })
  assert.deepEqual(
    likely,
    [...likely].sort((a, b) => a - b),
  )
  assert.ok(new Set(likely).size === likely.length)
})

test('probabilities add up to one', () => {
  const calibration = calibrate([...drawn(400, 0.3), ...outside], classes, 0.05)
  const shares = probabilities(Float32Array.of(3, -1, 0, 2), classes, calibration)
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12)
})
