/**
 * The run API: all that a runner can say and ask, about its own attempt only. Base path
 * `/run-api/v1/attempts/:attempt`, header `authorization: Bearer <token>`. Times are durations in milliseconds, since a
 * runner trusts no clock but its own monotonic one.
 */

import { z } from 'zod'
import { StoredFiles } from './files.ts'
import { ProgramSpec } from './program.ts'
import { attemptOutcomes, Digest, isStorable } from './words.ts'

const Reason = z.string().max(4000).refine(isStorable, { error: 'expected a text without NUL and lone surrogates' })
const Milliseconds = z.int().min(0)

/**
 * What a runner ends with: 0 its end is told, whatever it was; 1 it could not be told; 2 it was called wrongly; 3 it did
 * nothing, since the attempt is not its own; 4 it was refused what it said of the attempt, which it had claimed.
 */
export const runnerExitCodes = { told: 0, notTold: 1, wronglyCalled: 2, notOurs: 3, refused: 4 } as const

/** Made anew by each runner process; a second one with the same token is refused (D13). */
export const RunnerId = z.uuid()

export const ClaimRequest = z.strictObject({ runner: RunnerId, pid: z.int().min(0) })
export type ClaimRequest = z.infer<typeof ClaimRequest>

export const ClaimResponse = z.object({
  kind: z.enum(['train', 'predict']),
  spec: ProgramSpec,
  inputs: StoredFiles.describe('Relative to the input folder.'),
  checkpoint: StoredFiles.optional().describe('Saved by an earlier attempt; relative to the checkpoint folder.'),
  deadlineMs: Milliseconds.describe('What is left of the deadline.'),
  graceMs: Milliseconds.describe('Between SIGTERM and SIGKILL.'),
  heartbeatMs: Milliseconds.describe('How often to say heartbeat.'),
  logLimitBytes: z.int().min(0),
})
export type ClaimResponse = z.infer<typeof ClaimResponse>

export const HeartbeatRequest = z.strictObject({ runner: RunnerId, progress: z.number().min(0).max(1).nullable() })
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>

export const HeartbeatResponse = z.object({ stop: z.string().nullable().describe('The reason to stop; null: go on.') })
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>

export const LogsQuery = z.strictObject({ runner: RunnerId, offset: z.coerce.number().pipe(z.int().min(0)) })
export type LogsQuery = z.infer<typeof LogsQuery>

export const LogsResponse = z.object({ nextOffset: z.int().min(0) })
export type LogsResponse = z.infer<typeof LogsResponse>

/** `error.details` of the 409 that answers logs at an offset other than the next. */
export const LogsConflict = z.object({ expectedOffset: z.int().min(0) })
export type LogsConflict = z.infer<typeof LogsConflict>

export const BlobQuery = z.strictObject({ runner: RunnerId })
export type BlobQuery = z.infer<typeof BlobQuery>

export const BlobResponse = z.object({ digest: Digest, bytes: z.int().min(0) })
export type BlobResponse = z.infer<typeof BlobResponse>

export const ModelRequest = z.strictObject({ runner: RunnerId, files: StoredFiles.min(1) })
export type ModelRequest = z.infer<typeof ModelRequest>

/** Only now are the exam's texts told (D9). */
export const ModelResponse = z.object({
  model: Digest,
  texts: z.object({ digest: Digest, bytes: z.int().min(0) }),
})
export type ModelResponse = z.infer<typeof ModelResponse>

const Seconds = z.number().min(0)
export const CommitRequest = z.strictObject({
  runner: RunnerId,
  predictions: Digest,
  seconds: z.strictObject({ train: Seconds.nullable(), predict: Seconds }),
})
export type CommitRequest = z.infer<typeof CommitRequest>

/** A committed manifest is success, whatever comes after. */
export const CommitResponse = z.object({ committed: z.literal(true) })
export type CommitResponse = z.infer<typeof CommitResponse>

export const EndRequest = z.strictObject({
  runner: RunnerId,
  outcome: z.enum(attemptOutcomes),
  exitCode: z.int().nullable(),
  signal: z.string().max(20).nullable(),
  reason: Reason,
  checkpoint: StoredFiles.describe('Saved work, for the next attempt; empty if there is none.'),
})
export type EndRequest = z.infer<typeof EndRequest>

export const EndResponse = z.object({ ended: z.literal(true) })
export type EndResponse = z.infer<typeof EndResponse>
