/** The run API over HTTP: paths, tokens and bodies. What a call does lies beside this file. */
import { Readable } from 'node:stream'
import { z } from 'zod'
import {
  BlobQuery,
  BlobResponse,
  ClaimRequest,
  ClaimResponse,
  CommitRequest,
  CommitResponse,
  EndRequest,
  EndResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  LogsQuery,
  LogsResponse,
  ModelRequest,
  ModelResponse,
} from '../../../schemas/run-api.ts'
import { AttemptName, type AttemptOutcome, Digest } from '../../../schemas/words.ts'
import { badInput, malformed, notFound, tooLarge } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import { appendLog } from '../logs.ts'
import type { LauncherKit } from '../points.ts'
import { rangeOf } from '../ranges.ts'
import type { Timings } from '../timings.ts'
import type { Tokens } from '../token.ts'
import { authorize, refusal } from './access.ts'
import { sizeOfTold, storeUpload } from './blobs.ts'
import { claim } from './claim.ts'
import { commit, storeModel } from './commit.ts'
import { end, heartbeat } from './end.ts'

export interface RunApiNeeds {
  readonly kit: LauncherKit
  readonly tokens: Tokens
  readonly timings: Timings
  /** Called when the reconciler has something to do. */
  hint(attempt: AttemptName): void
  /** Called when there is more log. */
  tellLog(attempt: AttemptName): void
  countOutcome(outcome: AttemptOutcome): void
}

const base = '/run-api/v1/attempts/:attempt'
const tags = ['run api']
const params = z.object({ attempt: AttemptName })
const longestLogPieceBytes = 1024 * 1024

export function addRunApi(app: HttpApp, needs: RunApiNeeds): void {
  const { kit, tokens, hint } = needs

  app.register(async (scope: HttpApp) => {
    scope.addHook('onRequest', async (request) => {
      const parsed = params.safeParse(request.params)
      if (!parsed.success) throw notFound('there is no such attempt')
      authorize(tokens, parsed.data.attempt, request.headers.authorization)
    })

    scope.post(
      `${base}/claim`,
      {
        schema: {
          summary: 'Bind the attempt to a runner.',
          tags,
          params,
          body: ClaimRequest,
          response: { 200: ClaimResponse },
        },
      },
      ({ params: { attempt }, body }) => claim(needs, attempt, body),
    )

    scope.post(
      `${base}/heartbeat`,
      {
        schema: {
          summary: 'Tell progress, hear whether to stop.',
          tags,
          params,
          body: HeartbeatRequest,
          response: { 200: HeartbeatResponse },
        },
      },
      ({ params: { attempt }, body }) => heartbeat(kit, attempt, body),
    )

    scope.put(
      `${base}/logs`,
      {
        schema: {
          summary: 'Append to the log.',
          tags,
          params,
          querystring: LogsQuery,
          response: { 200: LogsResponse },
        },
      },
      async ({ params: { attempt }, query: { runner, offset }, body }) => {
        const content = await readPiece(streamOf(body))
        const nextOffset = await appendLog(kit.database, { attempt, runner, offset, content })
        if (nextOffset === undefined) throw await refusal(kit.database, attempt, runner)
        needs.tellLog(attempt)
        return { nextOffset }
      },
    )

    scope.get(
      `${base}/blobs/:digest`,
      {
        schema: {
          summary: 'Fetch bytes that the attempt was told of.',
          tags,
          params: params.extend({ digest: Digest }),
        },
      },
      async ({ params: { attempt, digest }, headers }, reply) => {
        const bytes = await sizeOfTold(kit, attempt, digest)
        const range = rangeOf(headers.range, bytes)
        void reply.headers(range.headers).status(range.status).type('application/octet-stream')
        return reply.send(Readable.from(kit.blobs.get(digest, range.bytes)))
      },
    )

    scope.put(
      `${base}/blobs/:digest`,
      {
        schema: {
          summary: 'Store bytes under their digest.',
          tags,
          params: params.extend({ digest: Digest }),
          querystring: BlobQuery,
          response: { 200: BlobResponse },
        },
      },
      ({ params: { attempt, digest }, query: { runner }, body }) =>
        storeUpload(kit, attempt, runner, digest, streamOf(body)),
    )

    scope.post(
      `${base}/model`,
      {
        schema: {
          summary: 'Name the model; the texts of the exam are told.',
          tags,
          params,
          body: ModelRequest,
          response: { 200: ModelResponse },
        },
      },
      ({ params: { attempt }, body }) => storeModel(kit, attempt, body),
    )

    scope.post(
      `${base}/commit`,
      {
        schema: { summary: 'Commit the result.', tags, params, body: CommitRequest, response: { 200: CommitResponse } },
      },
      async ({ params: { attempt }, body }) => {
        if (await commit(kit, attempt, body)) needs.countOutcome('done')
        hint(attempt)
        return { committed: true as const }
      },
    )

    scope.post(
      `${base}/end`,
      { schema: { summary: 'End without a result.', tags, params, body: EndRequest, response: { 200: EndResponse } } },
      async ({ params: { attempt }, body }) => {
        const outcome = await end(kit, attempt, body)
        if (outcome) needs.countOutcome(outcome)
        hint(attempt)
        return { ended: true as const }
      },
    )
  })
}

function streamOf(body: unknown): Readable {
  if (body instanceof Readable) return body
  throw malformed('expected bytes', { hint: 'Send them as application/octet-stream.' })
}

async function readPiece(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of stream) {
    if (!(part instanceof Uint8Array)) throw badInput('expected bytes')
    bytes += part.byteLength
    if (bytes > longestLogPieceBytes) throw tooLarge(`a piece of log has at most ${longestLogPieceBytes} bytes`)
    parts.push(Buffer.from(part))
  }
  return Buffer.concat(parts)
}
