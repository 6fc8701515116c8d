import { Readable } from 'node:stream'
import { z } from 'zod'
import { StoredFile } from '../../../schemas/files.ts'
import { BotId, Digest, JobTypeName, RunId } from '../../../schemas/words.ts'
import { notFound } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'
import { modelUrl, readModel } from '../models.ts'
import { rangeOf } from '../ranges.ts'

const tags = ['launcher']
const params = z.object({ digest: Digest })

const Model = z.object({
  digest: Digest,
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int(),
  program: z.object({ command: z.array(z.string()), image: z.string().optional() }),
  hyperparameters: z.record(z.string(), z.unknown()),
  files: z.array(StoredFile.extend({ url: z.url() })),
})

export function addModelRoutes(app: HttpApp, kit: Pick<Kit, 'database' | 'blobs' | 'publicUrl'>): void {
  app.get(
    '/models/:digest',
    {
      schema: {
        summary: 'The manifest of a model; 410 when it is not kept any more.',
        tags,
        params,
        response: { 200: Model },
      },
    },
    async ({ params: { digest } }) => {
      const model = await readModel(kit, digest)
      return {
        ...model,
        files: model.files.map((file) => ({ ...file, url: modelUrl(kit.publicUrl(), digest, file.path) })),
      }
    },
  )

  app.get(
    '/models/:digest/files/*',
    { schema: { summary: 'A file of a model; ranges are served.', tags, params: params.extend({ '*': z.string() }) } },
    async ({ params: { digest, '*': path }, headers }, reply) => {
      const { files } = await readModel(kit, digest)
      const file = files.find((candidate) => candidate.path === path)
      if (!file) throw notFound(`the model ${digest} has no file "${path}"`)
      const range = rangeOf(headers.range, file.bytes)
      void reply
        .headers(range.headers)
        .status(range.status)
        .type('application/octet-stream')
        .header('etag', `"${file.digest}"`)
      return reply.send(Readable.from(kit.blobs.get(file.digest, range.bytes)))
    },
  )
}
