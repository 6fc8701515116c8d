/** The whole story of a run on one page. */

import { counted, duration, percent, points, shortDigest } from '../../kit/figures.ts'
import type { RunStory } from '../client/console.ts'
import type { Attempt } from '../client/launcher.ts'
import { relative } from './figures.ts'
import { bar } from './progress.ts'
import { stateOf } from './runs.ts'
import { paintState, type Style } from './style.ts'
import { facts, printable, table } from './table.ts'
import { apart } from './told.ts'

export function runPage(run: RunStory, attempts: readonly Attempt[], style: Style, now: Date): string {
  const mark = run.inForce ? style.good(', in force') : ''
  return [
    `${style.bold(run.run)} of ${printable(run.bot)}, ${run.jobType}, generation ${run.generation}: ` +
      `${paintState(style, stateOf(run))}${mark}\n`,
    headOf(run, attempts, style),
    `\n${style.bold('Story')}\n${storyTable(run, style)}`,
    attempts.length === 0 ? '' : `\n${style.bold('Attempts')}\n${attemptTable(attempts, style, now)}`,
    remarkLines(attempts, style),
    nextSteps(run, style),
  ].join('')
}

function headOf(run: RunStory, attempts: readonly Attempt[], style: Style): string {
  const { request, evaluation, verdict } = run
  const training = attempts.findLast(({ kind, endedAt }) => kind === 'train' && endedAt === null)
  const signals = Object.entries(run.signals).map(([end, count]) => `${count} ${end}`)
  return facts([
    ['dataset', request === null ? null : datasetText(request.dataset)],
    ['asked by', request === null ? null : printable(request.actor ?? 'a trigger')],
    ['because', request === null ? null : printable(request.reason)],
    ['signals', signals.length === 0 ? null : signals.join(', ')],
    ['progress', training === undefined ? null : style.active(bar(training.progress))],
    ['model', run.model === null ? null : shortDigest(run.model.digest)],
    ['accuracy', evaluation === null ? null : accuracyText(evaluation)],
    ['verdict', verdict === null ? null : `${paintState(style, verdict.state)} by ${decider(verdict)}`],
    ...(verdict?.reasons ?? []).map((reason): [string, string] => ['', `  ${printable(reason)}`]),
  ])
}

function datasetText(dataset: NonNullable<RunStory['request']>['dataset']): string {
  const { trainRows, examRows, intents } = dataset
  const size = `${counted(trainRows, 'training row')}, ${counted(examRows, 'exam row')}, ${counted(intents, 'intent')}`
  return `${shortDigest(dataset.digest)} (${size})`
}

function accuracyText({ accuracy, examRows, champion, difference }: NonNullable<RunStory['evaluation']>): string {
  if (examRows === 0) return 'not measured: the exam has no rows'
  const own = `${percent(accuracy)} on ${counted(examRows, 'exam row')}`
  if (champion === null || difference === null) return own
  const { estimate, low, high } = difference
  return `${own}; ${points(estimate)} points (${points(low)} to ${points(high)}) against champion #${champion.sequence}`
}

const decider = ({ actor, decidedBy }: { actor: string | null; decidedBy: string }) => printable(actor ?? decidedBy)

function storyTable(run: RunStory, style: Style): string {
  const [first] = run.story
  const rows = run.story.map((entry) => [
    style.faint(entry.time.toISOString().slice(11, 23)),
    style.faint(first === undefined ? '' : `+${duration(entry.time.getTime() - first.time.getTime())}`),
    // The reasons of its verdict stand above.
    printable(apart(entry).head),
  ])
  return table([{ title: '' }, { title: '', align: 'right' }, { title: '' }], rows)
}

function attemptTable(attempts: readonly Attempt[], style: Style, now: Date): string {
  return table(
    [
      { title: 'ATTEMPT' },
      { title: 'KIND' },
      { title: 'OUTCOME' },
      { title: 'STARTED' },
      { title: 'TOOK', align: 'right' },
      { title: 'EXIT', align: 'right' },
      { title: 'REASON' },
    ],
    attempts.map((attempt) => {
      const { claimedAt, endedAt, outcome, state } = attempt
      return [
        attempt.attempt,
        attempt.kind,
        paintState(style, outcome ?? (state === 'claimed' ? 'running' : state)),
        claimedAt === null ? '' : relative(claimedAt, now),
        claimedAt === null ? '' : duration((endedAt ?? now).getTime() - claimedAt.getTime()),
        attempt.signal ?? (attempt.exitCode === null ? '' : String(attempt.exitCode)),
        printable(attempt.reason ?? (endedAt === null ? attempt.standing : null) ?? ''),
      ]
    }),
  )
}

/** What the place where they ran has said of them, an attempt after the other. */
function remarkLines(attempts: readonly Attempt[], style: Style): string {
  const told = attempts.filter(({ remarks }) => remarks.length > 0)
  return told
    .map(({ attempt, remarks }) => {
      const rows = remarks.map(({ at, words }) => [style.faint(at.toISOString().slice(11, 19)), printable(words)])
      return `\n${style.bold(attempt)}\n${table([{ title: '' }, { title: '' }], rows)}`
    })
    .join('')
}

function nextSteps(run: RunStory, style: Style): string {
  const steps = [
    `trainyard logs ${run.run}`,
    ...(run.evaluation === null ? [] : [`trainyard evaluation ${run.run}`]),
    ...(run.verdict?.state === 'held' ? [`trainyard approve ${run.run} --reason …`] : []),
  ]
  return style.faint(`\nNext: ${steps.join(', ')}\n`)
}
