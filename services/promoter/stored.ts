import { ModelManifest } from '../../schemas/files.ts'
import type { BotId, Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import { gone } from '../kit/errors.ts'
import { shellWord } from '../kit/shell-word.ts'
import type { Champion } from './store/keys.ts'

type StoredBlobs = Pick<Blobs, 'read' | 'size'>

/** Where the models are listed that a rollback may go to. */
export function formerChampions(bot: BotId): string {
  return `"trainyard champions --bot ${shellWord(bot)}" lists the models that were in force (GET /keys/${encodeURIComponent(bot)}).`
}

/** @throws gone when a part of the model is no longer stored: downstream could not load what is put in force */
export async function assertStored(
  blobs: StoredBlobs,
  bot: BotId,
  { run, model }: Pick<Champion, 'run' | 'model'>,
): Promise<void> {
  const missing = await missingPart(blobs, model.digest)
  if (missing === undefined) return
  throw gone(`the model of ${run} cannot be put in force: ${missing} is no longer stored`, {
    hint: `Choose another one: ${formerChampions(bot)}`,
  })
}

async function missingPart(blobs: StoredBlobs, manifest: Digest): Promise<string | undefined> {
  if ((await blobs.size(manifest)) === undefined) return 'its list of files'
  const { files } = ModelManifest.parse(JSON.parse((await blobs.read(manifest)).toString('utf8')))
  for (const { path, digest } of files) if ((await blobs.size(digest)) === undefined) return `its file ${path}`
  return undefined
}
