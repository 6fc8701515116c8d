import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge } from '../../../services/promoter/verdict/judge.ts'
import { bot, evaluation, facts, policy } from '../given.ts'

describe('the guard', () => {
  test('an edit that mislabels part of two intents is rejected, and names them with their numbers', () => {
    const broken = evaluation({
      intents: bot({
        transfer_money: { rows: 14, won: 0, lost: 8, relabelled: 6 },
        card_lost: { rows: 12, won: 1, lost: 6 },
        other: { rows: 400, won: 30, lost: 10 },
      }),
    })
    const { verdict, rule, reasons } = judge(broken, policy, facts)
    assert.deepEqual([verdict, rule], ['reject', 'guard'])
    assert.deepEqual(
      reasons.filter(({ passed }) => !passed).map(({ intent, text }) => [intent, text]),
      [
        [
          'transfer_money',
          'transfer_money: recall fell 1 → 0.429 over 14 rows (6 of them under another intent in this dataset), more than the allowed 0.25',
        ],
        ['card_lost', 'card_lost: recall fell 0.917 → 0.5 over 12 rows, more than the allowed 0.25'],
        [
          undefined,
          'the champion alone was right on 14 rows of fallen intents, the candidate alone on 1 (p < 0.001): proven',
        ],
      ],
    )
  })

  test('it breaks though all rows together are proven not worse', () => {
    const broken = evaluation({ intents: { a: { rows: 2_000, won: 60, lost: 20 }, b: { rows: 10, won: 0, lost: 8 } } })
    const { verdict, reasons } = judge(broken, policy, facts)
    assert.equal(verdict, 'reject')
    assert.ok(reasons.some(({ rule, passed }) => rule === 'difference' && passed))
  })

  test('a fall that may be chance holds the model, for a rejection is final and a hold is a question', () => {
    const { verdict, rule, reasons } = judge(
      evaluation({ intents: bot({ a: { rows: 8, won: 0, lost: 3 }, other: { rows: 200, won: 10, lost: 3 } }) }),
      policy,
      facts,
    )
    assert.deepEqual([verdict, rule], ['hold', 'guard'])
    assert.ok(reasons.some(({ text }) => text.endsWith('(p 0.25): it may be chance')))
  })

  test('several intents that fell a little each are proof together', () => {
    const three = { rows: 8, won: 0, lost: 3 }
    const { verdict, reasons } = judge(
      evaluation({ intents: bot({ a: three, b: three, other: { rows: 200, won: 20, lost: 3 } }) }),
      policy,
      facts,
    )
    assert.equal(verdict, 'reject')
    assert.ok(reasons.some(({ text }) => text.includes('(p 0.031): proven')))
  })

  test('a fall of exactly the allowed size, and one on too few rows, are allowed and the blind spots told', () => {
    const { verdict, reasons } = judge(
      evaluation({
        intents: bot({
          a: { rows: 8, won: 0, lost: 2 },
          b: { rows: 7, won: 0, lost: 7 },
          c: { rows: 900, won: 30, lost: 5 },
        }),
      }),
      policy,
      facts,
    )
    assert.equal(verdict, 'promote')
    assert.ok(
      reasons.some(({ text }) => /none of 22 intents with at least 8 rows fell.*1 intent with fewer rows/.test(text)),
    )
  })

  test('a second intent that fell a little does not hide one that fell a lot', () => {
    const { verdict } = judge(
      evaluation({
        intents: bot({
          a: { rows: 8, won: 0, lost: 6 },
          b: { rows: 30, won: 16, lost: 24 },
          c: { rows: 900, won: 60, lost: 5 },
        }),
      }),
      policy,
      facts,
    )
    assert.equal(verdict, 'reject')
  })
})
