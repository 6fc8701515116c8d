/** What a batch of requests changes, in the order in which they came. Pure: the rows are written by `consumer.ts`. */

import { type JobTypeSpec, parseSpec } from '../../schemas/job-type.ts'
import { type Key, nameOfKey, type RunId } from '../../schemas/words.ts'
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Occurrence } from '../kit/bus/outbox.ts'
import { type Admission, admit, type Line, type Request } from './admit.ts'
import type { RunStop } from './facts.ts'
import type { Subject } from './occurrences.ts'
import * as occurrences from './occurrences.ts'

/** A key's line, and of whom is said what becomes of the queued run. */
export interface KeyLine {
  readonly key: Key
  readonly line: Line
  readonly queued: Subject | null
}

export interface Arrival {
  readonly event: ReceivedEvent<'training.requested'>
  readonly spec: JobTypeSpec
  readonly request: Request
  /** Set when a later request of the same batch has ended it already, or it was overruled. */
  readonly end: RunStop | null
}

export interface Changes {
  readonly arrivals: readonly Arrival[]
  /** Runs that were queued before this batch: ended, or more urgent than before. */
  readonly ended: readonly { readonly run: RunId; readonly stop: RunStop }[]
  readonly raised: readonly Request[]
  /** Running runs that are to stop. */
  readonly stops: readonly { readonly run: RunId; readonly stop: RunStop }[]
  readonly lines: readonly KeyLine[]
  readonly said: readonly Occurrence[]
}

export function admitBatch(
  lines: readonly KeyLine[],
  events: readonly ReceivedEvent<'training.requested'>[],
  nowMs: number,
): Changes {
  const current = new Map(lines.map((line) => [nameOfKey(line.key), line]))
  const arrived = new Map<RunId, Omit<Arrival, 'end'>>()
  const ends = new Map<RunId, RunStop>()
  const stops: { run: RunId; stop: RunStop }[] = []
  const said: Occurrence[] = []

  for (const event of events) {
    const before = current.get(nameOfKey(event.data))
    if (!before) continue
    const spec = parseSpec(event.data.spec)
    const { admission, after } = admit(before.line, { ...event.data, waitingSinceMs: nowMs }, spec)
    if (admission.kind === 'ignored') continue

    const subject = { ...event.data, cause: event.cause }
    const taken = admission.kind === 'queued'
    const request = taken && after.queued ? after.queued : { ...event.data, waitingSinceMs: nowMs }
    arrived.set(event.data.run, { event, spec, request })
    current.set(nameOfKey(event.data), { ...before, line: after, queued: taken ? subject : before.queued })
    said.push(occurrences.queued(subject, request.priority, nowMs))

    const loser = taken ? before.queued : subject
    const stop = stopBy(admission, event.data.run)
    if (loser && stop) {
      ends.set(loser.run, stop)
      said.push(occurrences.stopped(loser, stop, false, nowMs))
    }
    if (taken && admission.stops !== null) {
      stops.push({ run: admission.stops, stop: { kind: 'superseded', by: event.data.run } })
    }
  }

  const after = [...current.values()]
  // One that was overruled after it came has given its priority to whoever overruled it.
  const waiting = new Map(after.flatMap(({ line: { queued } }) => (queued === null ? [] : [[queued.run, queued]])))
  return {
    arrivals: [...arrived].map(([run, arrival]) => ({
      ...arrival,
      request: waiting.get(run) ?? arrival.request,
      end: ends.get(run) ?? null,
    })),
    ended: [...ends].flatMap(([run, stop]) => (arrived.has(run) ? [] : [{ run, stop }])),
    raised: after.flatMap(({ line }, index) =>
      line.queued && line.queued !== lines[index]?.line.queued && !arrived.has(line.queued.run) ? [line.queued] : [],
    ),
    stops,
    lines: after,
    said,
  }
}

/** What the loser of an admission was ended by, if there is a loser. */
function stopBy(admission: Admission, run: RunId): RunStop | null {
  if (admission.kind === 'overruled') return { kind: 'superseded', by: admission.by }
  return admission.kind === 'queued' && admission.replaces !== null ? { kind: 'superseded', by: run } : null
}
