import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Block, memoryFor, openRoom, placeOf } from '../../../services/trainer/kernels/room.ts'

const single = Math.fround
const plain = { min: -100, max: 100, noNaN: true, noDefaultInfinity: true }
const numbers = (length: number) => fc.array(fc.float(plain), { minLength: length, maxLength: length })
/** Lengths around the four that are computed at once, and places that are no multiple of it. */
const counts = fc.nat({ max: 19 })
const places = fc.nat({ max: 5 })
const around = 30

/** An array in the room, filled. */
function filled(block: Block, content: readonly number[]): Block {
  block.numbers.set(content)
  return block
}

test('a scaled array is added as float32 arithmetic has it, to the bit, and nothing beside its place changes', () => {
  fc.assert(
    fc.property(
      numbers(around),
      numbers(around),
      fc.float(plain),
      counts,
      places,
      places,
      (before, given, factor, count, to, from) => {
        const room = openRoom(memoryFor(2 * around))
        const sums = filled(room.take(around), before)
        const added = filled(room.take(around), given)
        room.addScaled(placeOf(sums, to), placeOf(added, from), count, factor)
        const expected = Float32Array.from(before)
        for (let at = 0; at < count; at += 1) {
          expected[to + at] = single(before[to + at] ?? 0) + single((given[from + at] ?? 0) * factor)
        }
        assert.deepEqual(sums.numbers, expected)
        assert.deepEqual(added.numbers, Float32Array.from(given))
      },
    ),
  )
})

test('a step of Adam is its formula in float32 arithmetic, to the bit, and nothing beside its place changes', () => {
  const positive = fc.array(fc.float({ ...plain, min: 0 }), { minLength: around, maxLength: around })
  fc.assert(
    fc.property(
      numbers(around),
      numbers(around),
      positive,
      numbers(around),
      counts,
      places,
      (...[w, m, s, g, count, at]) => {
        const room = openRoom(memoryFor(4 * around))
        const [weights, mean, square, gradient] = [w, m, s, g].map((content) => filled(room.take(around), content))
        assert.ok(weights && mean && square && gradient)
        const [rate, epsilon] = [single(0.01), single(1e-8)]
        room.adam(placeOf(weights, at), placeOf(mean, at), placeOf(square, at), gradient.address, count, rate, epsilon)
        const expected = [w, m, s].map((content) => Float32Array.from(content))
        const [newWeights, newMean, newSquare] = expected
        assert.ok(newWeights && newMean && newSquare)
        for (let i = 0; i < count; i += 1) {
          const slope = g[i] ?? 0
          const moved = single(single((m[at + i] ?? 0) * single(0.9)) + single(slope * single(1 - 0.9)))
          const squared = single(
            single((s[at + i] ?? 0) * single(0.999)) + single(single(slope * slope) * single(1 - 0.999)),
          )
          newMean[at + i] = moved
          newSquare[at + i] = squared
          newWeights[at + i] =
            (w[at + i] ?? 0) - single(single(moved * rate) / single(single(Math.sqrt(squared)) + epsilon))
        }
        assert.deepEqual([weights.numbers, mean.numbers, square.numbers], expected)
      },
    ),
  )
})

test('arrays of a room are empty, and none lies in another', () => {
  const room = openRoom(memoryFor(10))
  const [first, second] = [room.take(4), room.take(6)]
  first.numbers.fill(1)
  assert.deepEqual([...second.numbers], Array(6).fill(0))
  second.numbers.fill(2)
  assert.deepEqual([...first.numbers], Array(4).fill(1))
})
