import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { hashOf, normalise } from '../../../services/intake/dataset/normalise.ts'
import { splitDataset } from '../../../services/intake/dataset/split.ts'
import { linesOf, type Row, rows, usable } from './datasets.ts'

const share = 0.4

function sides(of: readonly Row[], heldOutShare = share): Map<string, 'train' | 'held-out'> {
  const { train, exam } = splitDataset(usable(linesOf(of)), heldOutShare)
  return new Map([...train.map(({ id }) => [id, 'train'] as const), ...exam.map(({ id }) => [id, 'held-out'] as const)])
}

describe('normalising', () => {
  test('makes one text of what a person would call the same', () => {
    assert.equal(normalise('  Pay\t my\u00a0 BILL\n'), 'pay my bill')
    assert.equal(normalise('cafe\u0301'), normalise('café'))
    assert.notEqual(normalise('É'), normalise('é'))
  })

  test('a normalised text stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(normalise(normalise(text)), normalise(text))
      }),
    )
  })
})

describe('splitting', () => {
  test('every text is on one side and in no other part', () => {
    fc.assert(
      fc.property(rows, (some) => {
        const dataset = usable(linesOf(some))
        const { train, exam } = splitDataset(dataset, share)
        const ids = [...train, ...exam].map(({ id }) => id)
        assert.equal(new Set(ids).size, ids.length)
        assert.deepEqual(new Set(ids), new Set(dataset.texts.map(({ id }) => id)))
      }),
    )
  })

  test('a text stays on its side whatever rows are added, unless its intent had too little to learn from', () => {
    fc.assert(
      fc.property(rows, rows, (some, more) => {
        const before = sides(some)
        const after = sides([...some, ...more])
        for (const [id, side] of before) {
          const { fraction } = textOf(some, id)
          const natural = fraction < share ? 'held-out' : 'train'
          if (side === natural && after.get(id) !== side) assert.ok(wasTakenBack(after, id, [...some, ...more]))
          if (side !== natural) assert.equal(side, 'train')
        }
      }),
    )
  })

  test('the order of the rows does not matter to where a text lies', () => {
    fc.assert(
      fc.property(
        rows.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))),
        ([some, shuffled]) => {
          assert.deepEqual(sides(some), sides(shuffled))
        },
      ),
    )
  })

  test('the same dataset gives the same parts in the same order', () => {
    fc.assert(
      fc.property(rows, (some) => {
        const dataset = usable(linesOf(some))
        assert.deepEqual(splitDataset(dataset, share), splitDataset(usable(linesOf(some)), share))
      }),
    )
  })

  test('an intent keeps two training texts as long as it has any, the lowest ids first', () => {
    fc.assert(
      fc.property(rows, (some) => {
        const dataset = usable(linesOf(some))
        const { train, exam } = splitDataset(dataset, 0.9)
        for (const intent of dataset.intents) {
          const of = (part: typeof train) => part.filter(({ intents }) => intents.includes(intent))
          if (of(exam).length > 0) assert.ok(of(train).length >= 2, `${intent} has ${of(train).length}`)
        }
      }),
    )
    const explicit: Row[] = ['one', 'two', 'three'].map((text) => ({ text, intent: 'greet', split: 'held-out' }))
    const { train, exam, remarks } = splitDataset(
      usable(linesOf([...explicit, { text: 'four', intent: 'pay' }, { text: 'five', intent: 'pay' }])),
      0.000001,
    )
    const ids = explicit.map(({ text }) => hashOf(text).id).sort()
    assert.deepEqual(
      train.filter(({ intents }) => intents.includes('greet')).map(({ id }) => id),
      ids.slice(0, 2),
    )
    assert.deepEqual(
      exam.map(({ id }) => id),
      ids.slice(2),
    )
    assert.equal(remarks.length, 1)
  })

  test('an explicit side is obeyed', () => {
    const content = linesOf([
      ...['a', 'b', 'c'].map((text): Row => ({ text, intent: 'greet', split: 'train' })),
      ...['d', 'e', 'f'].map((text): Row => ({ text, intent: 'pay', split: 'train' })),
      { text: 'g', intent: 'pay', split: 'held-out' },
    ])
    for (const heldOutShare of [0.01, 0.99]) {
      const { exam } = splitDataset(usable(content), heldOutShare)
      assert.deepEqual(
        exam.map(({ text }) => text),
        ['g'],
      )
    }
  })

  test('about the held-out share of many texts lies in the exam', () => {
    const many: Row[] = Array.from({ length: 2_000 }, (_, index) => ({
      text: `text number ${index}`,
      intent: index % 2 === 0 ? 'even' : 'odd',
    }))
    const { exam } = splitDataset(usable(linesOf(many)), 0.2)
    assert.ok(exam.length > 320 && exam.length < 480, `${exam.length} of 2000`)
  })
})

function textOf(some: readonly Row[], id: string): { fraction: number } {
  const found = usable(linesOf(some)).texts.find((text) => text.id === id)
  assert.ok(found)
  return found
}

/** Held out by its hash, and in the training part because one of its intents has fewer than two texts there by theirs. */
function wasTakenBack(after: Map<string, string>, id: string, all: readonly Row[]): boolean {
  if (after.get(id) !== 'train' || textOf(all, id).fraction >= share) return false
  const { train } = splitDataset(usable(linesOf(all)), share)
  const intents = train.find((text) => text.id === id)?.intents ?? []
  const byHash = train.filter(({ fraction }) => fraction >= share)
  return intents.some((intent) => byHash.filter((text) => text.intents.includes(intent)).length < 2)
}
