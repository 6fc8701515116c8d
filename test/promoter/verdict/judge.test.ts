import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EvaluationDocument, VerdictFacts } from '../../../schemas/evaluation.ts'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import { judge } from '../../../services/promoter/verdict/judge.ts'
import { bot, evaluation, facts, policy } from '../given.ts'

type Case = {
  readonly name: string
  readonly evaluation: EvaluationDocument
  readonly policy?: Partial<PromotionPolicy>
  readonly facts?: Partial<VerdictFacts>
  readonly expected: readonly [verdict: string, rule: string, reason: RegExp]
}

function withoutMarks(unmarked: string): EvaluationDocument {
  const document = evaluation({ intents: {}, championAbsent: 'the exam could not be marked' })
  return { ...document, exam: { ...document.exam, unmarked } }
}

const small = { a: { rows: 12, won: 0, lost: 0 }, b: { rows: 12, won: 0, lost: 0 } }

const cases: readonly Case[] = [
  {
    name: 'the first model of a key needs only the floors',
    evaluation: evaluation({ intents: small, accuracy: 0.5, championSequence: 0 }),
    facts: { championSequence: 0 },
    expected: ['promote', 'firstModel', /first model/],
  },
  {
    name: 'a first model below the accuracy floor is rejected',
    evaluation: evaluation({ intents: small, accuracy: 0.49, championSequence: 0 }),
    facts: { championSequence: 0 },
    expected: ['reject', 'accuracy', /^accuracy 0.49 is below the floor 0.5$/],
  },
  {
    name: 'an exam that is too small decides nothing, not even against a bad model',
    evaluation: evaluation({ intents: { a: { rows: 19, won: 0, lost: 19 } } }),
    expected: ['hold', 'examRows', /^the exam has 19 rows, fewer than the 20 asked for$/],
  },
  {
    name: 'an exam without rows tells no accuracy, which is not below the floor then',
    evaluation: evaluation({ intents: {}, championSequence: 0 }),
    policy: { minimumExamRows: 0 },
    facts: { championSequence: 0 },
    expected: ['hold', 'accuracy', /^the exam has no row to tell the accuracy by, and the floor is 0\.5$/],
  },
  {
    name: 'an exam that could not be marked decides nothing, whatever the floors and whoever was champion',
    evaluation: withoutMarks('there is no blob sha256:0'),
    policy: { minimumExamRows: 0, minimumAccuracy: 0 },
    facts: { championSequence: 7, pinned: true },
    expected: ['hold', 'measured', /^the exam could not be marked: there is no blob sha256:0$/],
  },
  {
    name: 'proven not worse is promoted',
    evaluation: evaluation({ intents: { a: { rows: 400, won: 4, lost: 2 } } }),
    expected: ['promote', 'difference', /\+0\.005 .*proven not worse by more than the allowed 0\.02$/],
  },
  {
    name: 'proven worse is rejected, though no single intent broke the guard',
    evaluation: evaluation({
      intents: bot(
        Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`intent-${i}`, { rows: 8, won: 0, lost: 1 }])),
      ),
    }),
    expected: ['reject', 'difference', /−0\.075 .*: proven worse$/],
  },
  {
    name: 'an equal model on a small exam is undecided, and promoted because its data is newer',
    evaluation: evaluation({ intents: bot({ 'intent-0': { rows: 8, won: 1, lost: 1 } }) }),
    expected: ['promote', 'difference', /undecided, and no worse than the allowed 0\.02 as far as measured/],
  },
  {
    name: 'undecided and worse than allowed as far as measured is held',
    evaluation: evaluation({
      intents: bot(
        Object.fromEntries(
          Array.from({ length: 5 }, (_, i) => [`intent-${i}`, { rows: 8, won: i < 1 ? 1 : 0, lost: 1 }]),
        ),
      ),
    }),
    expected: ['hold', 'difference', /undecided, and worse than the allowed 0\.02/],
  },
  {
    name: 'with whenUndecided: hold an undecided model is held, however it measured',
    evaluation: evaluation({ intents: bot({ 'intent-0': { rows: 8, won: 1, lost: 1 } }) }),
    policy: { whenUndecided: 'hold' },
    expected: ['hold', 'difference', /neither proven worse nor proven not worse/],
  },
  {
    name: 'less confidence proves more',
    evaluation: evaluation({ intents: { a: { rows: 160, won: 2, lost: 2 } } }),
    policy: { whenUndecided: 'hold', confidence: 0.8, margin: 0.03 },
    expected: ['promote', 'difference', /80 % interval/],
  },
  {
    name: 'an interval that is surer than asked is told as the one that it is',
    evaluation: evaluation({ intents: { a: { rows: 80, won: 6, lost: 7 } } }),
    policy: { whenUndecided: 'hold', confidence: 0.97 },
    expected: ['hold', 'difference', /99 % interval/],
  },
  {
    name: 'more confidence than any stored interval has proves nothing',
    evaluation: evaluation({ intents: { a: { rows: 10_000, won: 9, lost: 1 } } }),
    policy: { whenUndecided: 'hold', confidence: 0.9999 },
    expected: ['hold', 'difference', /interval −1 to \+1/],
  },
  {
    name: 'a champion without answers leaves the decision to a person, with the reason',
    evaluation: evaluation({ intents: small, championAbsent: 'its program is gone' }),
    expected: ['hold', 'championAnswered', /did not sit this exam: its program is gone/],
  },
  {
    name: 'when the champion changed between exam and verdict, the verdict is hold, with that reason',
    evaluation: evaluation({ intents: small }),
    facts: { championSequence: 2 },
    expected: ['hold', 'championChanged', /compared with number 1, in force is number 2/],
  },
  {
    name: 'a first champion that appeared in between is a change too',
    evaluation: evaluation({ intents: small, championSequence: 0 }),
    expected: ['hold', 'championChanged', /compared with none, in force is number 1/],
  },
  {
    name: 'rows that the champion was trained on do not help: too few are left to compare',
    evaluation: evaluation({ intents: { a: { rows: 15, won: 0, lost: 0 } }, trainedByChampion: 100 }),
    expected: [
      'hold',
      'comparedRows',
      /15 rows \(100 rows that the champion was trained on left out\), fewer than the 20/,
    ],
  },
  {
    name: 'without a single row to compare nobody is promoted, whatever the policy asks for',
    evaluation: evaluation({ intents: {}, trainedByChampion: 100 }),
    policy: { minimumExamRows: 0 },
    expected: ['hold', 'comparedRows', /compared on 0 rows/],
  },
  {
    name: 'I3: a generation that is not above the fence is never put in force by a machine',
    evaluation: evaluation({ intents: { a: { rows: 400, won: 4, lost: 2 } }, generation: 7 }),
    facts: { fence: 7 },
    expected: ['hold', 'fence', /^generation 7 is not above the fence 7/],
  },
  {
    name: 'where a person has pinned the key, machines only hold: the better model',
    evaluation: evaluation({ intents: { a: { rows: 400, won: 40, lost: 2 } } }),
    facts: { pinned: true },
    expected: ['hold', 'pin', /pinned/],
  },
  {
    name: 'where a person has pinned the key, machines only hold: the worse model too',
    evaluation: evaluation({ intents: { a: { rows: 400, won: 2, lost: 40 } } }),
    facts: { pinned: true },
    expected: ['hold', 'pin', /pinned/],
  },
]

describe('the verdict', () => {
  for (const { name, evaluation, expected, ...given } of cases) {
    test(name, () => {
      const { verdict, rule, reasons } = judge(evaluation, { ...policy, ...given.policy }, { ...facts, ...given.facts })
      assert.deepEqual([verdict, rule], [expected[0], expected[1]], reasons[0]?.text)
      assert.match(reasons[0]?.text ?? '', expected[2])
      assert.equal(reasons[0]?.rule, rule)
      assert.equal(reasons[0]?.passed, verdict === 'promote')
    })
  }

  test('a model that is held for the pin keeps what else speaks against it among the reasons', () => {
    const worse = evaluation({ intents: { a: { rows: 400, won: 2, lost: 40 } } })
    const { reasons } = judge(worse, policy, { ...facts, pinned: true })
    assert.deepEqual(
      reasons.filter(({ passed }) => !passed).map(({ rule }) => rule),
      ['pin', 'difference'],
    )
  })
})
