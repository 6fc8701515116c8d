import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EvaluationDocument, evaluationIdOf } from '../../schemas/evaluation.ts'
import { canonicalJson } from '../../schemas/words.ts'
import { evaluate } from '../../services/evaluator/evaluate.ts'
import { answers, candidate, champion, labels, rightly, rowsOf } from './given.ts'

describe('an evaluation', () => {
  const rows = [...rowsOf('a', 10), ...rowsOf('b', 10), ...rowsOf(null, 4, 'out')]
  const intents = ['a', 'b', null]

  test('of a first model has its figures and no comparison', () => {
    const document = evaluate(labels(rows), candidate(answers(rows, rightly), intents), null)
    assert.equal(document.evaluation, evaluationIdOf(document.run, null))
    assert.deepEqual(document.exam, { labels: labels(rows).digest, rows: 24, outOfScopeRows: 4 })
    assert.equal(document.candidate.accuracy, 1)
    assert.equal(document.champion, null)
    assert.equal(document.comparison, null)
  })

  test('rows that nobody answered are wrong for both', () => {
    const half = answers(rows, (row, index) => (index % 2 === 0 ? row.intent : undefined))
    const document = evaluate(labels(rows), candidate(half, intents), champion(half, { intents }))
    assert.equal(document.candidate.accuracy, 0.5)
    assert.equal(document.candidate.unanswered, 12)
    assert.equal(document.comparison?.allRows.bothWrong, 12)
  })

  test('an answer to a text that the dataset has under two intents is right for either', () => {
    const ambiguous = [...rows, { id: 'a-0', intent: 'b' }]
    const document = evaluate(labels(ambiguous), candidate(answers(rows, rightly), intents), null)
    assert.equal(document.exam.rows, 24)
    assert.equal(document.candidate.accuracy, 1)
  })

  test('rows whose text the champion was trained on are left out of every comparison, and counted', () => {
    const trainedOn = ['a-0', 'a-1', 'b-0', 'elsewhere']
    const document = evaluate(
      labels(rows),
      candidate(answers(rows, rightly), intents),
      champion(answers(rows, rightly), { intents, texts: trainedOn }),
    )
    assert.equal(document.comparison?.leftOut.trainedByChampion, 3)
    assert.equal(document.comparison.allRows.rows, 21)
    assert.equal(document.comparison.sharedIntents.rows, 21)
    assert.deepEqual(
      document.comparison.perIntent.map((change) => [change.intent, change.rows]),
      [
        ['a', 8],
        ['b', 9],
        [null, 4],
      ],
    )
    // The figures of each model are of the whole exam.
    assert.equal(document.candidate.rows, 24)
  })

  test('a new intent is no shame to the champion: its rows are in no comparison of shared intents', () => {
    const withNew = [...rows, ...rowsOf('c', 10)]
    const document = evaluate(
      labels(withNew),
      candidate(answers(withNew, rightly), [...intents, 'c']),
      champion(
        answers(withNew, ({ intent }) => (intent === 'c' ? 'a' : intent)),
        { intents },
      ),
    )
    assert.equal(document.comparison?.leftOut.unknownToChampion, 10)
    assert.equal(document.comparison.sharedIntents.difference, 0)
    assert.ok(document.comparison.allRows.difference > 0.25)
  })

  test('a champion without answers is told, with the reason, and not compared', () => {
    const sat = { absentBecause: 'its program is gone' }
    const absent = { ...champion(new Map(), { intents }), sat }
    const document = evaluate(labels(rows), candidate(answers(rows, rightly), intents), absent)
    assert.equal(document.comparison, null)
    assert.ok(document.champion && !document.champion.answered && document.champion.reason === 'its program is gone')
  })

  test('an exam that could not be marked has the reason and no figure, and the champion is not compared', () => {
    const unmarked = { digest: labels(rows).digest, intents: new Map(), unmarked: 'the answers are gone' }
    const nobody = candidate(new Map(), [])
    const absent = { ...champion(new Map(), { intents }), sat: { absentBecause: 'the exam could not be marked' } }
    const document = EvaluationDocument.parse(evaluate(unmarked, nobody, absent))
    assert.deepEqual(document.exam, {
      labels: unmarked.digest,
      rows: 0,
      outOfScopeRows: 0,
      unmarked: unmarked.unmarked,
    })
    assert.deepEqual(
      [document.candidate.rows, document.candidate.calibrationError, document.comparison],
      [0, null, null],
    )
  })

  test('an exam of one row, of no row, and of nothing but out-of-scope texts have figures that pass their schema', () => {
    for (const given of [rowsOf('a', 1), [], rowsOf(null, 3)]) {
      for (const answer of [rightly, () => 'z', () => undefined]) {
        const sat = answers(given, answer)
        const document = evaluate(
          labels(given),
          candidate(sat, intents),
          champion(answers(given, rightly), { intents }),
        )
        EvaluationDocument.parse(document)
        assert.equal(document.comparison?.allRows.rows, given.length)
      }
    }
  })

  test('D9: holds figures only, and nothing that tells the label of a single text', () => {
    const document = evaluate(
      labels(rows),
      candidate(answers(rows, rightly), intents),
      champion(answers(rows, rightly), { intents }),
    )
    const text = canonicalJson(document)
    for (const { id } of rows) assert.ok(!text.includes(`"${id}"`))
  })

  test('it says what it cannot: intents without rows, and with too few', () => {
    const document = evaluate(labels(rows), candidate(answers(rows, rightly), [...intents, 'never examined']), null)
    assert.deepEqual(document.limits, {
      intentsWithoutRows: ['never examined'],
      intentsBelowSupport: [null],
      tellingSupport: 6,
    })
  })

  test('the same input gives the same bytes, and what is stored passes its schema', () => {
    const intent = fc.constantFrom('a', 'b', null, undefined)
    const answered = fc.array(intent, { minLength: rows.length, maxLength: rows.length })
    fc.assert(
      fc.property(answered, answered, (first, second) => {
        const make = () =>
          evaluate(
            labels(rows),
            candidate(
              answers(rows, (_, index) => first[index]),
              intents,
            ),
            champion(
              answers(rows, (_, index) => second[index]),
              { intents, texts: ['a-3'] },
            ),
          )
        const bytes = canonicalJson(EvaluationDocument.parse(make()))
        assert.equal(canonicalJson(make()), bytes)
      }),
      { numRuns: 20 },
    )
  })
})

describe('an edit that changes labels', () => {
  const before = [...rowsOf('a', 12), ...rowsOf('b', 12), ...rowsOf('c', 12)]
  const intents = ['a', 'b', 'c']
  const ownExam = labels(before)
  const good = champion(answers(before, rightly), { intents, ownExam })
  const relabel = (count: number) =>
    before.map((row, index) => (row.intent === 'a' && index < count ? { ...row, intent: 'b' } : row))

  test('is counted, by the intents that texts were moved between', () => {
    const edited = relabel(5)
    const document = evaluate(labels(edited), candidate(answers(edited, rightly), intents), good)
    assert.deepEqual(document.comparison?.relabelled, [{ from: 'a', to: 'b', rows: 5 }])
    assert.equal(document.comparison.perIntent[0]?.relabelled, 5)
    assert.equal(document.comparison.championExam, ownExam.digest)
  })

  test('costs the champion nothing: it is marked by the labels of its own exam', () => {
    const edited = relabel(5)
    const document = evaluate(labels(edited), candidate(answers(edited, rightly), intents), good)
    assert.equal(document.comparison?.sharedIntents.difference, 0)
    assert.ok((document.comparison?.allRows.difference ?? 0) > 0.1)
  })

  test('and that mislabels shows in the intents as the champion knew them, though its own exam is mislabelled too', () => {
    const edited = relabel(6)
    // Taught that texts of one kind are now a, now b, the candidate answers them so, right or wrong by chance.
    const confused = answers(edited, ({ id, intent }, index) => (id.startsWith('a') ? (index % 2 ? 'a' : 'b') : intent))
    const document = evaluate(labels(edited), candidate(confused, intents), good)
    const [a, b] = document.comparison?.perIntent ?? []
    assert.deepEqual([a?.championRecall, a?.candidateRecall, a?.rows], [1, 0.5, 12])
    assert.deepEqual([b?.championRecall, b?.candidateRecall], [1, 1])
    assert.equal(document.comparison?.sharedIntents.onlyChampionRight, 6)
    // By its own labels alone the mislabelled exam tells nothing against the candidate.
    assert.equal(document.comparison?.allRows.difference, 0)
  })
})
