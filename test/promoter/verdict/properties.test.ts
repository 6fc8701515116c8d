import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EvaluationDocument } from '../../../schemas/evaluation.ts'
import { Verdict } from '../../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../../schemas/job-type.ts'
import { judge } from '../../../services/promoter/verdict/judge.ts'
import { evaluation, type Given } from '../given.ts'

const severity = { promote: 0, hold: 1, reject: 2 } as const

const change: fc.Arbitrary<Given> = fc
  .record({ rows: fc.integer({ min: 1, max: 30 }), won: fc.nat({ max: 12 }), lost: fc.nat({ max: 12 }) })
  .filter(({ rows, won, lost }) => won + lost <= rows)
const intents = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), change, { minKeys: 1 })
const policies = fc
  .record({
    minimumAccuracy: fc.double({ min: 0, max: 1, noNaN: true }),
    minimumExamRows: fc.nat({ max: 40 }),
    margin: fc.double({ min: 0, max: 0.2, noNaN: true }),
    confidence: fc.constantFrom(0.8, 0.85, 0.9, 0.95, 0.99, 0.999),
    whenUndecided: fc.constantFrom('promoteIfNotWorse' as const, 'hold' as const),
    guard: fc.record({
      minimumSupport: fc.integer({ min: 1, max: 12 }),
      maximumRecallDrop: fc.double({ min: 0, max: 0.6, noNaN: true }),
    }),
  })
  .map((given) => PromotionPolicy.parse(given))
const states = fc.record({
  fence: fc.nat({ max: 3 }),
  pinned: fc.boolean(),
  championSequence: fc.constantFrom(0, 1, 1, 1, 1, 2),
})

/** A candidate that is better in one respect and no worse in any other. */
function better(document: EvaluationDocument, by: number): EvaluationDocument {
  const { candidate, comparison } = document
  if (comparison === null)
    return { ...document, candidate: { ...candidate, accuracy: Math.min(1, candidate.accuracy + by) } }
  const { sharedIntents } = comparison
  const higher = (bound: number) => Math.min(1, bound + by)
  return {
    ...document,
    candidate: { ...candidate, accuracy: higher(candidate.accuracy) },
    comparison: {
      ...comparison,
      sharedIntents: {
        ...sharedIntents,
        difference: higher(sharedIntents.difference),
        intervals: sharedIntents.intervals.map((interval) => ({
          ...interval,
          low: higher(interval.low),
          high: higher(interval.high),
        })),
      },
    },
  }
}

/** The same candidate with one row more that it got right. */
function oneRowMore(given: Readonly<Record<string, Given>>, at: number): Record<string, Given> {
  const names = Object.keys(given)
  const name = names[at % names.length] ?? ''
  const now = given[name]
  if (now === undefined) return { ...given }
  if (now.lost > 0) return { ...given, [name]: { ...now, lost: now.lost - 1 } }
  return { ...given, [name]: { ...now, won: Math.min(now.rows, now.won + 1) } }
}

describe('properties of the verdict', () => {
  test('I8: the same evaluation, policy and facts give the same verdict, and it passes its schema', () => {
    fc.assert(
      fc.property(intents, policies, states, (given, policy, facts) => {
        const document = evaluation({ intents: given, championSequence: facts.championSequence })
        const verdict = Verdict.parse(judge(document, policy, facts))
        const stored: EvaluationDocument = JSON.parse(JSON.stringify(document))
        assert.deepEqual(judge(stored, PromotionPolicy.parse(JSON.parse(JSON.stringify(policy))), facts), verdict)
        assert.equal(verdict.reasons[0]?.rule, verdict.rule)
        assert.ok(verdict.reasons.every(({ text }) => text.length > 0))
      }),
      { numRuns: 60 },
    )
  })

  test('a better candidate never gets a worse verdict', () => {
    const gains = fc.double({ min: 0, max: 0.3, noNaN: true })
    fc.assert(
      fc.property(intents, policies, states, gains, (given, policy, facts, by) => {
        const document = evaluation({ intents: given })
        const before = judge(document, policy, facts)
        const after = judge(better(document, by), policy, facts)
        assert.ok(severity[after.verdict] <= severity[before.verdict], `${before.verdict} became ${after.verdict}`)
      }),
      { numRuns: 100 },
    )
  })

  test('a row more that the candidate got right never breaks the guard, nor proves a fall', () => {
    fc.assert(
      fc.property(intents, policies, fc.nat(), (given, policy, at) => {
        const facts = { fence: 0, pinned: false, championSequence: 1 }
        // All but the guard is out of the way.
        const lenient = { ...policy, minimumAccuracy: 0, minimumExamRows: 0, margin: 1 }
        const before = judge(evaluation({ intents: given }), lenient, facts)
        const after = judge(evaluation({ intents: oneRowMore(given, at) }), lenient, facts)
        assert.ok(severity[after.verdict] <= severity[before.verdict], `${before.verdict} became ${after.verdict}`)
      }),
      { numRuns: 100 },
    )
  })

  test('in an exam of up to a hundred rows a row more that the candidate got right never makes a verdict worse', () => {
    const small = intents.filter((given) => Object.values(given).reduce((sum, { rows }) => sum + rows, 0) <= 100)
    // Rounding may tip what stands on the edge of a rule, so no figure of a policy is one that an exam can have.
    const offEdge = policies.map((policy) => ({ ...policy, margin: policy.margin + 1e-3 / Math.PI }))
    fc.assert(
      fc.property(small, offEdge, fc.nat(), (given, policy, at) => {
        const facts = { fence: 0, pinned: false, championSequence: 1 }
        const before = judge(evaluation({ intents: given }), policy, facts)
        const after = judge(evaluation({ intents: oneRowMore(given, at) }), policy, facts)
        assert.ok(severity[after.verdict] <= severity[before.verdict], `${before.verdict} became ${after.verdict}`)
      }),
      { numRuns: 30 },
    )
  })

  test('I3: no machine promotes what is pinned, not above the fence, or compared with another champion', () => {
    fc.assert(
      fc.property(intents, policies, states, (given, policy, facts) => {
        const document = evaluation({ intents: given })
        const { verdict } = judge(document, policy, facts)
        const barred = facts.pinned || document.generation <= facts.fence || facts.championSequence !== 1
        if (barred) assert.notEqual(verdict, 'promote')
      }),
      { numRuns: 100 },
    )
  })
})
