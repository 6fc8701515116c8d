/** An evaluation as a page of text: candidate beside champion, their difference and what it means, where it errs. */
import type { Comparison, EvaluationDocument, ModelFigures, PairedFigures } from '../../../schemas/evaluation.ts'
import { counted, percent, points } from '../../kit/figures.ts'
import { fewestTellingRows } from '../../kit/statistics/mcnemar.ts'
import { confusionMatrix, intentName, mistakes, mistakeTable } from './confusion.ts'
import type { Style } from './style.ts'
import { printable, table } from './table.ts'

const shownChanges = 8
const shownMistakes = 8
const shownConfidence = 0.95

export function evaluationPage(document: EvaluationDocument, style: Style, columns: number): string {
  const { candidate, comparison, exam } = document
  const worst = mistakes(candidate.confusion).slice(0, shownMistakes)
  const about = `${printable(document.bot)}, ${document.jobType}, generation ${document.generation}`
  const sections = [
    `${style.bold(`Evaluation ${document.evaluation}`)} of ${document.run} (${about})\n` +
      `Exam: ${counted(exam.rows, 'row')}, ${counted(exam.outOfScopeRows, 'of them out of scope', 'of them out of scope')}\n`,
    exam.rows === 0 ? 'There are no figures: the exam has no rows.\n' : figuresTable(document),
    comparisonText(document, style),
    comparison === null ? '' : changesText(comparison, style),
    worst.length === 0 ? '' : `${style.bold('Worst confusions of the candidate')}\n${mistakeTable(worst)}`,
    exam.rows === 0 ? '' : confusionMatrix(candidate.confusion, style, columns),
    limitsText(document, style),
  ]
  return sections.filter((section) => section !== '').join('\n')
}

type Figure = readonly [name: string, of: (figures: ModelFigures) => number | null, isShare: boolean]

const figures: readonly Figure[] = [
  ['accuracy', (model) => model.accuracy, true],
  ['in-scope accuracy', (model) => model.inScopeAccuracy, true],
  ['macro-F1', (model) => model.macroF1, true],
  ['out-of-scope recall', (model) => model.outOfScope?.recall ?? null, true],
  ['out-of-scope AUROC', (model) => model.outOfScope?.auroc ?? null, false],
  ['calibration error', (model) => model.calibrationError, true],
]

function figuresTable({ candidate, champion }: EvaluationDocument): string {
  const beside = champion?.answered ? champion : undefined
  const shown = (value: number | null, isShare: boolean) =>
    value === null ? '–' : isShare ? percent(value) : value.toFixed(3)
  const rows = figures
    .filter(([, of]) => of(candidate) !== null || (beside !== undefined && of(beside) !== null))
    .map(([name, of, isShare]) => {
      const [ours, theirs] = [of(candidate), beside === undefined ? null : of(beside)]
      const change = ours === null || theirs === null ? '' : isShare ? points(ours - theirs) : signed(ours - theirs)
      return [name, shown(ours, isShare), ...(beside === undefined ? [] : [shown(theirs, isShare), change])]
    })
  return table(
    [
      { title: '' },
      { title: 'CANDIDATE', align: 'right' },
      ...(beside === undefined
        ? []
        : ([
            { title: `CHAMPION #${beside.sequence}`, align: 'right' },
            { title: 'CHANGE', align: 'right' },
          ] as const)),
    ],
    rows,
  )
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

function comparisonText({ champion, comparison }: EvaluationDocument, style: Style): string {
  if (champion === null)
    return 'There was no champion to compare with: the first model of a key needs only the floors.\n'
  const name = `champion #${champion.sequence} (${champion.run})`
  if (!champion.answered) return `Not compared with ${name}: ${printable(champion.reason)}\n`
  if (comparison === null) return `Not compared with ${name}.\n`
  const { sharedIntents, leftOut, relabelled } = comparison
  const left = [
    leftOut.trainedByChampion > 0
      ? `${counted(leftOut.trainedByChampion, 'row')} that the champion was trained on`
      : '',
    leftOut.unknownToChampion > 0
      ? `${counted(leftOut.unknownToChampion, 'row')} of intents that it does not know`
      : '',
  ].filter((part) => part !== '')
  return [
    `${style.bold('Difference')} on ${counted(sharedIntents.rows, 'row')} whose intent ${name} knows: ${differenceText(sharedIntents)}`,
    meaning(sharedIntents, style),
    ...(left.length === 0 ? [] : [`Left out: ${left.join(' and ')}.`]),
    ...relabelled.map(
      ({ from, to, rows }) =>
        `Relabelled in this exam: ${counted(rows, 'row')} from ${intentName(from)} to ${intentName(to)}.`,
    ),
    ...(relabelled.length === 0
      ? []
      : [
          'In the difference, a relabelled row counts for the champion as it was labelled in its own exam; in the table above, as it is labelled now.',
        ]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

export function intervalOf(paired: PairedFigures): { confidence: number; low: number; high: number } | undefined {
  return paired.intervals.find((interval) => interval.confidence === shownConfidence) ?? paired.intervals.at(-1)
}

function differenceText(paired: PairedFigures): string {
  const interval = intervalOf(paired)
  const range =
    interval === undefined
      ? ''
      : `, between ${points(interval.low)} and ${points(interval.high)} at ${(interval.confidence * 100).toFixed(0)} %`
  const p = paired.mcNemarP < 0.001 ? '< 0.001' : `= ${paired.mcNemarP.toFixed(3)}`
  return `${points(paired.difference)} points${range} (${paired.method}; McNemar p ${p})`
}

/** What the interval allows to say, and on how many rows it rests. */
export function meaning(paired: PairedFigures, style: Style): string {
  const rests =
    `the candidate alone was right on ${paired.onlyCandidateRight}, the champion alone on ${paired.onlyChampionRight}, ` +
    `both on ${paired.bothRight}, neither on ${paired.bothWrong}`
  return `${conclusion(paired, style)}: ${rests}. ${power(paired)}`
}

function power({ rows, smallestDetectable }: PairedFigures): string {
  const needed = fewestTellingRows(shownConfidence)
  if (rows < needed) return `On fewer than ${needed} rows no difference shows, however large.`
  return `This exam shows differences from about ${(smallestDetectable * 100).toFixed(1)} points on.`
}

function conclusion(paired: PairedFigures, style: Style): string {
  const interval = intervalOf(paired)
  if (paired.rows === 0 || interval === undefined) return 'Nothing could be compared'
  if (interval.low > 0) return style.good('The candidate is better, beyond chance')
  if (interval.high < 0) return style.bad('The candidate is worse, beyond chance')
  if (paired.onlyCandidateRight + paired.onlyChampionRight === 0) return 'Both were right on the same rows'
  return style.doubtful('The exam cannot tell the two apart')
}

function changesText(comparison: Comparison, style: Style): string {
  const changed = comparison.perIntent
    .map((intent) => ({ ...intent, change: intent.candidateRecall - intent.championRecall }))
    .filter(({ change }) => change !== 0)
    .sort((one, other) => Math.abs(other.change) - Math.abs(one.change))
  if (changed.length === 0) return ''
  const rows = changed
    .slice(0, shownChanges)
    .map(({ intent, rows: support, championRecall, candidateRecall, change }) => [
      intentName(intent),
      String(support),
      percent(championRecall),
      percent(candidateRecall),
      (change < 0 ? style.bad : style.good)(points(change)),
    ])
  const more = changed.length > shownChanges ? style.faint(` (${shownChanges} of ${changed.length})`) : ''
  return (
    `${style.bold('Recall that changed most')}${more}\n` +
    table(
      [
        { title: 'INTENT' },
        { title: 'ROWS', align: 'right' },
        { title: 'CHAMPION', align: 'right' },
        { title: 'CANDIDATE', align: 'right' },
        { title: 'CHANGE', align: 'right' },
      ],
      rows,
    )
  )
}

function limitsText({ exam, limits, candidate }: EvaluationDocument, style: Style): string {
  const lines = [
    exam.unmarked === undefined ? '' : `Anything at all: it could not be marked: ${printable(exam.unmarked)}.`,
    limits.intentsWithoutRows.length === 0
      ? ''
      : `Nothing about ${limits.intentsWithoutRows.map(intentName).join(', ')}: no exam rows.`,
    limits.intentsBelowSupport.length === 0
      ? ''
      : `Little about ${limits.intentsBelowSupport.map(intentName).join(', ')}: fewer than ${limits.tellingSupport} exam rows each.`,
    candidate.unanswered === 0
      ? ''
      : `${counted(candidate.unanswered, 'row')} without a well-formed answer, counted as wrong.`,
  ].filter((line) => line !== '')
  return lines.length === 0
    ? ''
    : `${style.bold('What this exam cannot say')}\n${lines.map((line) => `${line}\n`).join('')}`
}
