/** Runs as a table, one line each. */

import { percent, points } from '../../kit/figures.ts'
import type { Run } from '../client/console.ts'
import { relative } from './figures.ts'
import { bar } from './progress.ts'
import { paintState, type Style } from './style.ts'
import { botCell, table } from './table.ts'

const barWidth = 10

/** @param progress of runs that are running, by their id */
export function runTable(
  runs: readonly Run[],
  progress: ReadonlyMap<string, number | null>,
  style: Style,
  now: Date,
): string {
  return table(
    [
      { title: 'RUN' },
      { title: 'BOT' },
      { title: 'JOB TYPE' },
      { title: 'GEN', align: 'right' },
      { title: 'STATE' },
      { title: 'ACCURACY', align: 'right' },
      { title: 'CHANGE', align: 'right' },
      { title: 'BEGAN' },
      { title: '' },
    ],
    runs.map((run) => [
      run.run,
      botCell(run.bot),
      run.jobType,
      String(run.generation),
      paintState(style, stateOf(run)),
      accuracyOf(run),
      run.evaluation?.difference ? points(run.evaluation.difference.estimate) : '',
      relative(run.begunAt, now),
      run.state === 'running' ? style.active(bar(progress.get(run.run) ?? null, barWidth)) : markOf(run, style),
    ]),
  )
}

/** None of an exam without rows, though the event has a number there. */
const accuracyOf = ({ evaluation }: Run) =>
  evaluation === null ? '' : evaluation.examRows === 0 ? '–' : percent(evaluation.accuracy)

/** One word for how far it came: the verdict once there is one, before that the state. */
export function stateOf(run: Run): string {
  if (run.verdict !== null) return run.verdict.state
  return run.state === 'succeeded' ? 'evaluated' : run.state
}

const markOf = (run: Run, style: Style) => (run.inForce ? style.good('in force') : '')
