/**
 * A runner claims its attempt: from now on the attempt is bound to it (D13), and its deadline runs. The answer is the
 * same however often the same runner asks; only what is left of the deadline shrinks.
 */
import type { z } from 'zod'
import { ModelManifest, type StoredFile } from '../../../schemas/files.ts'
import { JobTypeSpec } from '../../../schemas/job-type.ts'
import { contractVersion, inputFiles, TrainingRow } from '../../../schemas/program.ts'
import type { ClaimRequest, ClaimResponse } from '../../../schemas/run-api.ts'
import type { AttemptName, BotId, Digest, JobTypeName, RunId } from '../../../schemas/words.ts'
import type { Blobs } from '../../kit/blobs/blobs.ts'
import { gone } from '../../kit/errors.ts'
import type { AttemptKind, Dataset } from '../facts.ts'
import type { LauncherKit } from '../points.ts'
import { textLines } from '../text-lines.ts'
import { millisecondsOf, type Timings } from '../timings.ts'
import { endAttempt } from '../transitions.ts'
import { refusal } from './access.ts'
import { kept, notKept, tellOf } from './blobs.ts'

export interface ClaimNeeds {
  readonly kit: LauncherKit
  readonly timings: Timings
  /** Called when the attempt could not go on after all. */
  hint(attempt: AttemptName): void
}

const manifestBytes = 8 * 1024 * 1024
const longestRowBytes = 16 * 1024 * 1024
const bytesPerMiB = 1024 * 1024

/** The run whose program it is: the attempt's own, or that of the champion. */
interface Assignment {
  kind: AttemptKind
  number: number
  left_ms: number
  run: RunId
  bot: BotId
  job_type: JobTypeName
  generation: number
  spec: unknown
  work_identity: Digest
  train: Digest
  intents: string[] | null
  exam_texts: Dataset['examTexts']
  champion_model: Digest | null
  checkpoint: StoredFile[] | null
}

export async function claim(
  { kit, timings, hint }: ClaimNeeds,
  attempt: AttemptName,
  { runner, pid }: z.infer<typeof ClaimRequest>,
): Promise<ClaimResponse> {
  const { database, blobs } = kit
  await bind(kit, attempt, runner, pid)
  const assignment = await readAssignment(kit, attempt)
  if (!assignment) throw gone(`${attempt} has nothing to do: the run of its program is not on record`)
  const spec = JobTypeSpec.parse(assignment.spec)
  const inputs = await inputsOf(blobs, assignment)
  if (!inputs) {
    const reason = 'what it needs is no longer stored'
    await endAttempt(
      database,
      { name: attempt, state: 'claimed', stop: null },
      { outcome: 'badInput', reason, exitCode: null, signal: null },
    )
    hint(attempt)
    throw gone(`${attempt} cannot begin: ${reason}`)
  }
  const checkpoint = assignment.checkpoint ?? []
  await tellOf(kit, attempt, [...inputs.map(kept), ...checkpoint.map(notKept)])
  return {
    kind: assignment.kind,
    spec: {
      contractVersion,
      bot: assignment.bot,
      jobType: assignment.job_type,
      generation: assignment.generation,
      run: assignment.run,
      attempt: assignment.number,
      seed: seedOf(assignment.work_identity),
      timeBudgetSeconds: spec.attemptDeadlineSeconds,
      hyperparameters: spec.hyperparameters,
      intents: assignment.intents ?? (await learnIntents(kit, assignment)),
    },
    inputs,
    ...(checkpoint.length > 0 ? { checkpoint } : {}),
    deadlineMs: Math.max(0, Math.floor(assignment.left_ms)),
    graceMs: millisecondsOf(spec.graceSeconds),
    heartbeatMs: timings.heartbeatMs,
    logLimitBytes: Math.floor(spec.logLimitMiB * bytesPerMiB),
  }
}

/** One conditional change: a second runner, or one that comes after a stop, is refused. */
async function bind(
  { database, point }: LauncherKit,
  attempt: AttemptName,
  runner: string,
  pid: number,
): Promise<void> {
  const claimed = await database.execute(
    `update launcher.attempts a
        set state = 'claimed', placed_at = coalesce(placed_at, now()), runner = $2, pid = $3, claimed_at = coalesce(claimed_at, now()),
            due_at = case when state = 'claimed' then due_at else now() + coalesce((
              select make_interval(secs => (p.spec ->> 'attemptDeadlineSeconds')::double precision)
                from launcher.runs r
                join launcher.runs p on p.run = case a.kind when 'train' then r.run else r.champion ->> 'run' end
               where r.run = a.run), due_at - created_at) end
      where attempt = $1 and (state = 'created' and stop is null or state = 'claimed' and runner = $2)`,
    [attempt, runner, pid],
  )
  if (claimed === 0) throw await refusal(database, attempt, runner)
  await point('launcher.attempt.claimed')
}

async function readAssignment({ database }: LauncherKit, attempt: AttemptName): Promise<Assignment | undefined> {
  const rows = await database.query<Assignment>(
    `select a.kind, a.number, extract(epoch from a.due_at - now()) * 1000 as left_ms,
            p.run, p.bot, p.job_type, p.generation, p.spec, p.work_identity, p.dataset ->> 'train' as train, p.intents,
            r.dataset ->> 'examTexts' as exam_texts, r.champion #>> '{model,digest}' as champion_model,
            (select e.checkpoint from launcher.attempts e
              where e.run = a.run and e.kind = a.kind and e.number < a.number and e.checkpoint <> '[]'
              order by e.number desc limit 1) as checkpoint
       from launcher.attempts a
       join launcher.runs r on r.run = a.run
       join launcher.runs p on p.run = case a.kind when 'train' then r.run else r.champion ->> 'run' end
      where a.attempt = $1`,
    [attempt],
  )
  return rows[0]
}

/** Undefined when one of them is not stored any more. */
async function inputsOf(blobs: Blobs, assignment: Assignment): Promise<StoredFile[] | undefined> {
  if (assignment.kind === 'train') return withSizes(blobs, [{ path: inputFiles.train, digest: assignment.train }])
  const texts = await withSizes(blobs, [{ path: inputFiles.texts, digest: assignment.exam_texts }])
  const model = assignment.champion_model
  if (!texts || model === null || (await blobs.size(model)) === undefined) return undefined
  const manifest = ModelManifest.parse(
    JSON.parse((await blobs.read(model, { maximumBytes: manifestBytes })).toString()),
  )
  return [...texts, ...manifest.files.map((file) => ({ ...file, path: `${inputFiles.model}/${file.path}` }))]
}

async function withSizes(blobs: Blobs, files: readonly Omit<StoredFile, 'bytes'>[]): Promise<StoredFile[] | undefined> {
  const sized: StoredFile[] = []
  for (const file of files) {
    const bytes = await blobs.size(file.digest)
    if (bytes === undefined) return undefined
    sized.push({ ...file, bytes })
  }
  return sized
}

/** The same work has the same seed, so trying it again gives the same model. */
function seedOf(workIdentity: Digest): number {
  return Number.parseInt(workIdentity.slice('sha256:'.length).slice(0, 8), 16)
}

/** Read from the training data once per run. */
async function learnIntents({ database, blobs }: LauncherKit, { run, train }: Assignment): Promise<string[]> {
  const intents = new Set<string>()
  for await (const line of textLines(blobs.get(train), longestRowBytes)) {
    if (line === '') continue
    const { intent } = TrainingRow.parse(JSON.parse(line))
    if (intent !== null) intents.add(intent)
  }
  const sorted = [...intents].sort()
  await database.execute('update launcher.runs set intents = $2 where run = $1', [run, JSON.stringify(sorted)])
  return sorted
}
