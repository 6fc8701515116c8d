import { EvaluationDocument } from '../../schemas/evaluation.ts'
import type { Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'

/** Reads an evaluation. @throws when it is not there, or is not what its schema says */
export async function readDocument(blobs: Blobs, digest: Digest): Promise<EvaluationDocument> {
  const content = await blobs.read(digest)
  return EvaluationDocument.parse(JSON.parse(content.toString('utf8')))
}
