import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvaluationDocument, ModelFigures, PairedFigures } from '../../../schemas/evaluation.ts'
import { evaluationPage, meaning } from '../../../services/cli/render/evaluation.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'

const plain = makeStyle(false)

const figures = (accuracy: number): ModelFigures => ({
  model: `sha256:${'a'.repeat(64)}` as ModelFigures['model'],
  rows: 20,
  unanswered: 0,
  accuracy,
  inScopeAccuracy: accuracy,
  macroF1: accuracy - 0.01,
  perIntent: [],
  confusion: {
    intents: ['a', 'b'],
    cells: [
      [0, 0, 9],
      [0, 1, 1],
      [1, 1, 10],
    ],
  },
  outOfScope: null,
  calibrationError: 0.03,
})

const paired: PairedFigures = {
  rows: 20,
  bothRight: 15,
  onlyCandidateRight: 1,
  onlyChampionRight: 3,
  bothWrong: 1,
  difference: -0.1,
  method: 'exact',
  intervals: [
    { confidence: 0.9, low: -0.2, high: 0.05 },
    { confidence: 0.95, low: -0.25, high: 0.08 },
  ],
  mcNemarP: 0.625,
  smallestDetectable: 0.15,
}

const document: EvaluationDocument = {
  version: 1,
  evaluation: 'eval-0123456789abcdef' as EvaluationDocument['evaluation'],
  run: 'run-aaaaaaaaaa' as EvaluationDocument['run'],
  bot: 'helpdesk' as EvaluationDocument['bot'],
  jobType: 'intents' as EvaluationDocument['jobType'],
  generation: 3,
  exam: { labels: `sha256:${'b'.repeat(64)}` as EvaluationDocument['exam']['labels'], rows: 20, outOfScopeRows: 0 },
  candidate: figures(0.85),
  champion: null,
  comparison: null,
  limits: { intentsWithoutRows: ['c'], intentsBelowSupport: [], tellingSupport: 6 },
}

test('an exam without rows is said to give no figures, and nothing is shown as 0 %', () => {
  const candidate = { ...figures(0), rows: 0, confusion: { intents: [], cells: [] } }
  const text = evaluationPage({ ...document, exam: { ...document.exam, rows: 0 }, candidate }, plain, 100)
  assert.match(text, /There are no figures: the exam has no rows\./)
  assert.doesNotMatch(text, /%|Confusion matrix/)
})

const conclusions: readonly (readonly [title: string, change: Partial<PairedFigures>, sentence: RegExp])[] = [
  [
    'an interval above zero is better',
    { intervals: [{ confidence: 0.95, low: 0.01, high: 0.1 }] },
    /^The candidate is better, beyond chance/,
  ],
  [
    'an interval below zero is worse',
    { intervals: [{ confidence: 0.95, low: -0.2, high: -0.01 }] },
    /^The candidate is worse, beyond chance/,
  ],
  ['an interval around zero tells nothing', {}, /^The exam cannot tell the two apart/],
  ['no row apart is the same', { onlyCandidateRight: 0, onlyChampionRight: 0 }, /^Both were right on the same rows/],
  ['no rows is nothing', { rows: 0, intervals: [] }, /^Nothing could be compared/],
  ['too few rows show nothing', { rows: 5, smallestDetectable: 1 }, /On fewer than 6 rows no difference shows/],
  ['six rows show that all are another', { rows: 6, smallestDetectable: 1 }, /from about 100\.0 points on/],
]
for (const [title, change, sentence] of conclusions) {
  test(`in words, ${title}`, () => assert.match(meaning({ ...paired, ...change }, plain), sentence))
}

test('an exam that could not be marked is said to be that', () => {
  const exam = { ...document.exam, rows: 0, unmarked: 'there is no blob sha256:0' }
  const text = evaluationPage({ ...document, exam }, plain, 100)
  assert.match(
    text,
    /What this exam cannot say\nAnything at all: it could not be marked: there is no blob sha256:0\.\n/,
  )
})

test('the first model of a key is shown alone, and what its exam cannot say is said', () => {
  const text = evaluationPage(document, plain, 100)
  assert.match(text, /^Evaluation eval-0123456789abcdef of run-aaaaaaaaaa \(helpdesk, intents, generation 3\)$/m)
  assert.match(text, /^accuracy +85\.0 %$/m)
  assert.match(text, /There was no champion to compare with/)
  assert.match(text, /^a +b +1 of 10 +10\.0 %$/m)
  assert.match(text, /Nothing about c: no exam rows\./)
  assert.doesNotMatch(text, /out-of-scope/)
})

test('candidate and champion stand side by side, with the difference, its interval and what was left out', () => {
  const compared: EvaluationDocument = {
    ...document,
    champion: { ...figures(0.9), answered: true, run: document.run, sequence: 2 },
    comparison: {
      allRows: paired,
      sharedIntents: paired,
      perIntent: [
        {
          intent: 'a',
          rows: 10,
          championRecall: 1,
          candidateRecall: 0.9,
          onlyCandidateRight: 0,
          onlyChampionRight: 1,
          relabelled: 0,
        },
        {
          intent: 'b',
          rows: 10,
          championRecall: 0.5,
          candidateRecall: 1,
          onlyCandidateRight: 5,
          onlyChampionRight: 0,
          relabelled: 0,
        },
      ],
      relabelled: [{ from: 'a', to: null, rows: 2 }],
      leftOut: { trainedByChampion: 4, unknownToChampion: 0 },
      championExam: null,
    },
  }
  const text = evaluationPage(compared, plain, 100)
  assert.match(text, /^ +CANDIDATE +CHAMPION #2 +CHANGE$/m)
  assert.match(text, /^accuracy +85\.0 % +90\.0 % +−5\.0$/m)
  assert.match(text, /−10\.0 points, between −25\.0 and \+8\.0 at 95 % \(exact; McNemar p = 0\.625\)/)
  assert.match(text, /Left out: 4 rows that the champion was trained on\./)
  assert.match(text, /Relabelled in this exam: 2 rows from a to \(out of scope\)\./)
  assert.match(text, /In the difference, a relabelled row counts for the champion as .*; in the table above, as it is/)
  const [b, a] = [text.indexOf('\nb    '), text.indexOf('\na    ')]
  assert.ok(b > 0 && b < a, 'the greatest change comes first')
})

test('a champion that did not answer is said not to have, with the reason', () => {
  const { model } = figures(1)
  const champion = { answered: false, run: document.run, sequence: 2, model, reason: 'its program is gone' } as const
  const text = evaluationPage({ ...document, champion }, plain, 100)
  assert.match(text, /Not compared with champion #2 \(run-aaaaaaaaaa\): its program is gone/)
})
