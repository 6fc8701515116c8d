import { z } from 'zod'
import { EvaluationDocument } from '../../../schemas/evaluation.ts'
import { type Digest, EvaluationId } from '../../../schemas/words.ts'
import { broken, gone, notFound, TrainyardError } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'

/** `GET /evaluations/:evaluation`: the whole document, from the digest that its event named. */
export function evaluationRoutes(app: HttpApp, kit: Pick<Kit, 'database' | 'blobs'>): void {
  app.get(
    '/evaluations/:evaluation',
    {
      schema: {
        summary: 'An evaluation: every figure of candidate and champion in the same exam',
        tags: ['console'],
        params: z.object({ evaluation: EvaluationId }),
        response: { 200: EvaluationDocument },
      },
    },
    async (request) => {
      const { evaluation } = request.params
      const [row] = await kit.database.query<{ document: Digest }>(
        `select data ->> 'document' as document from console.events
          where type = 'model.evaluated' and data ->> 'evaluation' = $1 order by position desc limit 1`,
        [evaluation],
      )
      if (!row) {
        throw notFound(`there is no evaluation ${evaluation} in the history`, {
          hint: '"trainyard run RUN" names the evaluation of a run (GET /runs/RUN).',
        })
      }
      return await readDocument(kit, evaluation, row.document)
    },
  )
}

async function readDocument(kit: Pick<Kit, 'blobs'>, evaluation: string, digest: Digest): Promise<EvaluationDocument> {
  let bytes: Buffer
  try {
    bytes = await kit.blobs.read(digest)
  } catch (error) {
    if (!(error instanceof TrainyardError && error.code === 'notFound')) throw error
    throw gone(`the document of ${evaluation} (${digest}) is no longer kept`, { cause: error })
  }
  const parsed = EvaluationDocument.safeParse(JSON.parse(bytes.toString('utf8')))
  if (!parsed.success) {
    throw broken(`the document of ${evaluation} (${digest}) is not an evaluation: ${z.prettifyError(parsed.error)}`)
  }
  return parsed.data
}
