import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { roundsOf } from '../../../services/trainer/fitting/rounds.ts'

const examples = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat({ max: 4 })), { minLength: 2, maxLength: 200 })

test('no example is held out twice, none is learnt from while held out, and the last round learns from all', () => {
  fc.assert(
    fc.property(examples, (rows) => {
      const texts = rows.map(([text]) => text)
      const rounds = roundsOf(
        texts,
        Int32Array.from(rows, ([, classIndex]) => classIndex),
        4,
      )
      const heldOut = rounds.flatMap((round) => [...round.heldOut])
      assert.equal(new Set(heldOut).size, heldOut.length)
      for (const round of rounds) {
        assert.deepEqual(
          [...round.texts, ...round.heldOut].sort((a, b) => a - b),
          [...texts.keys()],
        )
        const heldOutRows = new Set([...round.heldOut].map((at) => JSON.stringify(rows[at])))
        assert.ok(
          [...round.texts].every((at) => !heldOutRows.has(JSON.stringify(rows[at]))),
          'a twin gives it away',
        )
      }
      assert.equal(rounds.at(-1)?.texts.length, texts.length)
    }),
  )
})

test('every class is learnt in every round, however few examples it has', () => {
  const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const classOf = Int32Array.from([0, 0, 1, 1, 2, 2, 3])
  for (const round of roundsOf(texts, classOf, 4)) {
    assert.deepEqual(new Set([...round.texts].map((text) => classOf[text])), new Set([0, 1, 2, 3]))
  }
})

test('of many examples a fifth is held out once, and half of the out-of-scope ones; of very many, some 2000', () => {
  const texts = Array.from({ length: 3000 }, (_, number) => `text ${number}`)
  const classOf = Int32Array.from(texts, (_, number) => (number < 100 ? 10 : number % 10))
  const [first, last, ...others] = roundsOf(texts, classOf, 10)
  assert.deepEqual([others.length, last?.heldOut.length, last?.texts.length], [0, 0, 3000])
  const outside = [...(first?.heldOut ?? [])].filter((text) => text < 100)
  assert.equal(outside.length, 50)
  assert.equal((first?.heldOut.length ?? 0) - outside.length, 580)

  const more = Array.from({ length: 20_000 }, (_, number) => `text ${number}`)
  const [once] = roundsOf(
    more,
    Int32Array.from(more, (_, number) => number % 10),
    10,
  )
  assert.equal(once?.heldOut.length, 2000)
})
