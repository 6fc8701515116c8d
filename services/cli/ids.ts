/** Ids as people give them: whole, or as much of the beginning as tells them apart. */

import { counted } from '../kit/figures.ts'
import type { Api } from './client/api.ts'
import type { Run } from './client/console.ts'
import { CommandFailure, exitCodes } from './failure.ts'

const searched = 200
const shownCandidates = 5

/** The run with this id, this beginning of an id (with or without `run-`), or with an evaluation that begins so. */
export async function findRun(api: Api, text: string): Promise<Run> {
  if (isRunId(text)) return await api.console.run(text)
  // As from a variable of a script that was never set: where there is one run, it would be taken for that.
  if (/^((run|eval)-?)?$/.test(text.trim())) {
    throw new CommandFailure('no run is named', {
      next: 'Give its id, or the beginning of that; "trainyard runs" lists them.',
      exitCode: exitCodes.usage,
    })
  }
  const { runs } = await api.console.runs({ limit: searched })
  const found = runs.filter(
    ({ run, evaluation }) =>
      run.startsWith(text) || run.startsWith(`run-${text}`) || evaluation?.evaluation.startsWith(text) === true,
  )
  const [only] = found
  if (found.length === 1 && only !== undefined) return only
  if (found.length === 0) {
    throw new CommandFailure(`no run among the newest ${counted(runs.length, 'run')} begins with "${text}"`, {
      next: 'Give the whole id; "trainyard runs" lists them.',
    })
  }
  const candidates = found.slice(0, shownCandidates).map(({ run }) => run)
  throw new CommandFailure(`"${text}" may be any of ${counted(found.length, 'run')} (${candidates.join(', ')})`, {
    next: 'Give more of the id.',
  })
}

/** The whole id; asks the server only where `text` is less than one. */
export async function findRunId(api: Api, text: string): Promise<string> {
  return isRunId(text) ? text : (await findRun(api, text)).run
}

export const isRunId = (text: string) => /^run-[a-z2-7]{10}$/.test(text)
