import { EvaluationDocument, type Verdict } from '../../schemas/evaluation.ts'
import type { Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import type { TrainyardError } from '../kit/errors.ts'
import { unmeasured } from './verdict/judge.ts'

/** Reads an evaluation. @throws when it is not there, or is not what its schema says */
export async function readDocument(blobs: Blobs, digest: Digest): Promise<EvaluationDocument> {
  const content = await blobs.read(digest)
  return EvaluationDocument.parse(JSON.parse(content.toString('utf8')))
}

/** What can be said of a model whose evaluation stays unreadable. */
export function unreadable(fault: TrainyardError): Verdict {
  return unmeasured(`its evaluation cannot be read: ${fault.message}`)
}
