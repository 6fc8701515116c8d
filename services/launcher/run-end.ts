/** What the end of a running run changes and says. Pure. */
import type { Digest } from '../../schemas/words.ts'
import type { RunFacts } from './facts.ts'
import * as occurrences from './occurrences.ts'
import type { RunAct } from './run-step.ts'
import type { RunEnd } from './transitions.ts'

export type EndAct = Extract<RunAct, { do: 'succeed' | 'fail' | 'obey' }>

export function endOf(run: RunFacts, act: EndAct, urlOf: (model: Digest) => string): RunEnd {
  switch (act.do) {
    case 'succeed':
      return {
        state: 'succeeded',
        model: act.result.model,
        occurrence: (endedAtMs) => occurrences.succeeded(run, act.result, urlOf, endedAtMs),
      }
    case 'fail':
      return {
        state: 'failed',
        model: null,
        occurrence: (endedAtMs) => occurrences.failed(run, act.outcome, act.reason, endedAtMs),
      }
    case 'obey':
      return {
        state: act.stop.kind,
        model: null,
        occurrence: (endedAtMs) => occurrences.stopped(run, act.stop, true, endedAtMs),
      }
  }
}
