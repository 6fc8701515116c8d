/** How looks at runs end in the ledger: many at a time, so that a thousand starts are not two thousand commits. */

import type { AttemptName, RunId } from '../../schemas/words.ts'
import type { Queryable } from '../kit/store/database.ts'
import { takeBack } from './transitions.ts'

export interface Look {
  readonly run: RunId
  /** The exact value of `look_at` that makes this look ours. */
  readonly lease: string
}

export interface Settled extends Look {
  /** Until the next look; null: there is nothing left to look at. */
  readonly waitMs: number | null
  /** The executor has these on record from now on. */
  readonly placed: readonly Placed[]
}

export interface Placed {
  readonly attempt: AttemptName
  /** How it stands, in the executor's words. */
  readonly words: string | undefined
}

/**
 * A run that is not ours any more is left alone: whoever brought its look forward meanwhile wants another one. Asked with `=`,
 * a plan that was made while few looks were due would go through all that are.
 */
export async function settleLooks(database: Queryable, settled: readonly Settled[]): Promise<void> {
  const placed = settled.flatMap((each) => each.placed)
  const rows = await database.query<{ attempt: AttemptName }>(
    `with ours as (
       select r.run, given.wait_ms
         from launcher.runs r
         join unnest($1::text[], $2::timestamptz[], $3::double precision[]) as given (run, lease, wait_ms)
           on r.run = given.run and r.look_at is not distinct from given.lease
        order by r.run for no key update of r
     ), looked as (
       update launcher.runs r set look_at = now() + make_interval(secs => ours.wait_ms / 1000)
         from ours where r.run = ours.run returning r.run
     ), unplaced as (
       select a.attempt, case when a.state = 'created' then given.words end as words
         from launcher.attempts a join unnest($4::text[], $5::text[]) as given (attempt, words) on a.attempt = given.attempt
        where a.placed_at is null and (select count(*) from looked) >= 0
        order by a.attempt for update of a
     )
     update launcher.attempts a
        set placed_at = now(), standing = coalesce(words, standing),
            standing_since = case when words is null then standing_since else now() end
       from unplaced where a.attempt = unplaced.attempt returning a.attempt`,
    [
      settled.map(({ run }) => run),
      settled.map(({ lease }) => lease),
      settled.map(({ waitMs }) => waitMs),
      placed.map(({ attempt }) => attempt),
      placed.map(({ words }) => words ?? null),
    ],
  )
  const isPlaced = new Set(rows.map(({ attempt }) => attempt))
  // Somebody else has started it before us; perhaps so long ago that all was over when we did.
  const others = placed.map(({ attempt }) => attempt).filter((attempt) => !isPlaced.has(attempt))
  if (others.length > 0) await takeBack(database, others)
}
