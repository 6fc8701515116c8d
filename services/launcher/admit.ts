/**
 * What a new request does to the line of its key (I2). Pure.
 *
 * - A generation that is not above the newest one seen is a redelivery: nothing. So is a run that is in the line already:
 *   intake, restored from a backup, asks for it once more under a new generation.
 * - A request replaces the queued run and takes over its place, the higher priority and a person's insistence.
 * - A queued run that names its own dataset is not replaced by a request that names none: whoever named a dataset would
 *   otherwise get a training on another one. The newer request ends at once, superseded by the queued run, which takes
 *   over its priority and insistence; its signals share the fate of that run.
 * - With `whenNewer: supersede` it also stops the running one, unless that is nearly done, or too many of the key were
 *   stopped in a row: then one is let through, so that a bot that is edited without end is trained at all.
 */
import type { JobTypeSpec } from '../../schemas/job-type.ts'
import type { RunId } from '../../schemas/words.ts'

export interface Request {
  readonly run: RunId
  readonly generation: number
  readonly priority: number
  readonly insisted: boolean
  readonly namesDataset: boolean
  /** Since when its place in the queue is held: inherited from the run that it replaces, so edits send no bot to the back. */
  readonly waitingSinceMs: number
}

/** What the run that holds the key looks like to a newer request. */
export interface Running {
  readonly run: RunId
  readonly progress: number
  /** It trains: it was neither told to stop nor has it stored its result. */
  readonly stoppable: boolean
}

export interface Line {
  readonly newestGeneration: number
  readonly stoppedInARow: number
  readonly queued: Request | null
  readonly running: Running | null
}

export type Admission =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'overruled'; readonly by: RunId }
  | { readonly kind: 'queued'; readonly replaces: RunId | null; readonly stops: RunId | null }

export type Rule = Pick<JobTypeSpec, 'whenNewer' | 'supersede'>

export function admit(line: Line, request: Request, rule: Rule): { admission: Admission; after: Line } {
  const { queued, running } = line
  const isInLine = request.run === queued?.run || request.run === running?.run
  if (isInLine || request.generation <= line.newestGeneration) return { admission: { kind: 'ignored' }, after: line }
  const newest = { ...line, newestGeneration: request.generation }
  const place = {
    priority: Math.max(request.priority, queued?.priority ?? request.priority),
    insisted: request.insisted || (queued?.insisted ?? false),
    waitingSinceMs: queued?.waitingSinceMs ?? request.waitingSinceMs,
  }
  if (queued?.namesDataset && !request.namesDataset) {
    return { admission: { kind: 'overruled', by: queued.run }, after: { ...newest, queued: { ...queued, ...place } } }
  }
  const stops = running && mayStop(running, line.stoppedInARow, rule) ? running.run : null
  return {
    admission: { kind: 'queued', replaces: queued?.run ?? null, stops },
    after: {
      ...newest,
      queued: { ...request, ...place },
      running: running && stops !== null ? { ...running, stoppable: false } : running,
      stoppedInARow: line.stoppedInARow + (stops === null ? 0 : 1),
    },
  }
}

function mayStop(running: Running, stoppedInARow: number, { whenNewer, supersede }: Rule): boolean {
  return (
    whenNewer === 'supersede' &&
    running.stoppable &&
    running.progress < supersede.finishIfProgressAbove &&
    stoppedInARow < supersede.atMostInARow
  )
}
