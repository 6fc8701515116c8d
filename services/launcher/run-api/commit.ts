/**
 * The way of a result: the model is stored, then the exam's texts are told (D9), then the answers are checked and the
 * manifest is committed. The commit is one conditional change of the attempt's row: it ends the attempt as done, and
 * whoever comes later (a stop, the deadline, the runner's death) changes nothing any more.
 */
import type { z } from 'zod'
import { manifestOf } from '../../../schemas/files.ts'
import type { CommitRequest, ModelRequest, ModelResponse } from '../../../schemas/run-api.ts'
import type { AttemptName, Digest } from '../../../schemas/words.ts'
import { badInput, conflict } from '../../kit/errors.ts'
import type { AttemptKind, Dataset } from '../facts.ts'
import { announceUpload } from '../leftovers.ts'
import type { LauncherKit } from '../points.ts'
import { checkPredictions } from '../predictions.ts'
import { refusal } from './access.ts'
import { kept, missingBlobs, notKept, tellOf } from './blobs.ts'

export async function storeModel(
  kit: LauncherKit,
  attempt: AttemptName,
  { runner, files }: z.infer<typeof ModelRequest>,
): Promise<ModelResponse> {
  const { database, blobs, point } = kit
  const manifest = manifestOf(files)
  // Before anything is stored for it; whether it still may is asked once more with the change.
  await requireModelWanted(kit, attempt, runner, manifest.digest)
  await requireStored(
    kit,
    attempt,
    files.map(({ digest }) => digest),
  )
  await announceUpload(database, attempt, manifest.digest)
  const stored = await blobs.put(Buffer.from(manifest.content), { expected: manifest.digest })
  const rows = await database.query<{ exam_texts: Dataset['examTexts'] }>(
    `update launcher.attempts a set model = $3, model_files = $4
       from launcher.runs r
      where a.attempt = $1 and a.runner = $2 and a.state = 'claimed' and a.kind = 'train' and r.run = a.run
        and (a.model is null or a.model = $3)
      returning r.dataset ->> 'examTexts' as exam_texts`,
    [attempt, runner, manifest.digest, JSON.stringify([...new Set(files.map(({ digest }) => digest))])],
  )
  const texts = rows[0]?.exam_texts
  if (texts === undefined) throw await modelRefusal(kit, attempt, runner)
  const size = await blobs.size(texts)
  if (size === undefined) throw badInput('the texts of the exam are no longer stored')
  await tellOf(kit, attempt, [notKept(stored), kept({ digest: texts, bytes: size })])
  await point('launcher.model.stored')
  return { model: manifest.digest, texts: { digest: texts, bytes: size } }
}

async function requireModelWanted(
  kit: LauncherKit,
  attempt: AttemptName,
  runner: string,
  model: Digest,
): Promise<void> {
  const wanted = await kit.database.keyed.query(
    `select from launcher.attempts
      where attempt = $1 and runner = $2 and state = 'claimed' and kind = 'train' and (model is null or model = $3)`,
    [attempt, runner, model],
  )
  if (wanted.length === 0) throw await modelRefusal(kit, attempt, runner)
}

async function modelRefusal({ database }: LauncherKit, attempt: AttemptName, runner: string): Promise<Error> {
  const rows = await database.query(
    "select from launcher.attempts where attempt = $1 and runner = $2 and state = 'claimed'",
    [attempt, runner],
  )
  if (rows.length === 0) return refusal(database, attempt, runner)
  return conflict(`${attempt} has stored another model already, or is to train none`)
}

interface Candidate {
  kind: AttemptKind
  state: 'created' | 'claimed' | 'ended'
  model: Digest | null
  answers: Digest | null
  exam_texts: Dataset['examTexts']
}

/** @returns false when the same result was committed before */
export async function commit(
  kit: LauncherKit,
  attempt: AttemptName,
  { runner, predictions, seconds }: z.infer<typeof CommitRequest>,
): Promise<boolean> {
  const { database, blobs, point } = kit
  const rows = await database.query<Candidate>(
    `select a.kind, a.state, a.model, a.answers, r.dataset ->> 'examTexts' as exam_texts
       from launcher.attempts a join launcher.runs r on r.run = a.run
      where a.attempt = $1 and a.runner = $2 and (a.state = 'claimed' and a.stop is null or a.outcome = 'done')`,
    [attempt, runner],
  )
  const candidate = rows[0]
  if (!candidate) throw await refusal(database, attempt, runner)
  if (candidate.state === 'ended') {
    if (candidate.answers === predictions) return false
    throw conflict(`${attempt} has committed other answers already`)
  }
  if (candidate.kind === 'train' && candidate.model === null) throw conflict(`${attempt} has not stored its model yet`)
  await requireStored(kit, attempt, [predictions])
  await checkPredictions(blobs.get(candidate.exam_texts), blobs.get(predictions))
  await point('launcher.answers.checked')
  if (!(await commitRow(kit, attempt, runner, predictions, seconds))) throw await refusal(database, attempt, runner)
  await point('launcher.attempt.committed')
  return true
}

/** The commit itself, the answers under (model, exam, program), and the claim to the bytes: all or nothing. */
async function commitRow(
  { database }: LauncherKit,
  attempt: AttemptName,
  runner: string,
  predictions: Digest,
  seconds: z.infer<typeof CommitRequest>['seconds'],
): Promise<boolean> {
  const rows = await database.query(
    `with committed as (
       update launcher.attempts
          set state = 'ended', outcome = 'done', reason = 'its result is stored', ended_at = now(), progress = 1,
              exit_code = 0, answers = $3, train_seconds = $4, predict_seconds = $5
        where attempt = $1 and runner = $2 and state = 'claimed' and stop is null
        returning attempt, run, kind, model, model_files, answers
     ), kept as (
       update launcher.attempt_blobs b set kept = true from committed c
        where b.attempt = c.attempt and (b.digest in (c.model, c.answers) or c.model_files ? b.digest)
     ), known as (
       insert into launcher.answers (model, exam, program, answers, attempt)
       select coalesce(c.model, r.champion #>> '{model,digest}'), r.dataset ->> 'examTexts', p.program, c.answers, c.attempt
         from committed c
         join launcher.runs r on r.run = c.run
         join launcher.runs p on p.run = case c.kind when 'train' then r.run else r.champion ->> 'run' end
       on conflict do nothing
     )
     select attempt from committed`,
    [attempt, runner, predictions, seconds.train, seconds.predict],
  )
  return rows.length > 0
}

/** @throws badInput for bytes that the attempt names without having stored them */
export async function requireStored(
  { database }: LauncherKit,
  attempt: AttemptName,
  digests: readonly Digest[],
): Promise<void> {
  const missing = await missingBlobs(database, attempt, digests)
  if (missing.length === 0) return
  throw badInput(
    `${attempt} has not stored ${missing[0]}${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}`,
    {
      hint: 'Store the bytes first: PUT /run-api/v1/attempts/:attempt/blobs/:digest.',
    },
  )
}
