/** Models by their digest: the manifest, who made it, and its files. A URL of a model resolves for ever, or answers 410. */

import { ModelManifest, type StoredFile } from '../../schemas/files.ts'
import type { JobTypeSpec } from '../../schemas/job-type.ts'
import type { BotId, Digest, JobTypeName, RunId } from '../../schemas/words.ts'
import { gone, notFound } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'

export interface StoredModel {
  readonly digest: Digest
  readonly run: RunId
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly generation: number
  readonly program: JobTypeSpec['program']
  readonly hyperparameters: JobTypeSpec['hyperparameters']
  readonly files: readonly StoredFile[]
}

const manifestBytes = 8 * 1024 * 1024

interface MakerRow {
  run: RunId
  bot: BotId
  job_type: JobTypeName
  generation: number
  program: JobTypeSpec['program']
  hyperparameters: JobTypeSpec['hyperparameters']
}

/**
 * @throws notFound when no run has made it, gone when its files are not kept any more. When several runs have made the same
 * bytes, the newest of them speaks for it.
 */
export async function readModel(
  { database, blobs }: Pick<Kit, 'database' | 'blobs'>,
  digest: Digest,
): Promise<StoredModel> {
  const rows = await database.query<MakerRow>(
    `select run, bot, job_type, generation, spec -> 'program' as program, spec -> 'hyperparameters' as hyperparameters
       from launcher.runs where model = $1 order by ended_at desc limit 1`,
    [digest],
  )
  const maker = rows[0]
  if (!maker) throw notFound(`there is no model ${digest}`)
  if ((await blobs.size(digest)) === undefined)
    throw gone(`the model ${digest} of ${maker.run} is not kept any more`, {
      hint: 'One that was rejected or overtaken is kept for TRAINYARD_MODEL_DAYS.',
    })
  const { files } = ModelManifest.parse(
    JSON.parse((await blobs.read(digest, { maximumBytes: manifestBytes })).toString()),
  )
  const { run, bot, job_type: jobType, generation, program, hyperparameters } = maker
  return { digest, run, bot, jobType, generation, program, hyperparameters, files }
}

/** Where a model, or one of its files, can be fetched. Pure. */
export function modelUrl(publicUrl: string, digest: Digest, path?: string): string {
  const model = `${publicUrl}/models/${digest}`
  return path === undefined ? model : `${model}/files/${path.split('/').map(encodeURIComponent).join('/')}`
}
