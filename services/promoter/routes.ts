import { z } from 'zod'
import { BotId, JobTypeName, type Key, RunId } from '../../schemas/words.ts'
import { notFound } from '../kit/errors.ts'
import type { HttpApp } from '../kit/http/app.ts'
import type { Kit } from '../kit/service.ts'
import { Decision, KeyView, ModelView, Preview, PreviewRequest, Rollback, Unpin } from './api.ts'
import { type People, unknownRun } from './people.ts'
import { preview } from './preview.ts'
import { decisionsOf } from './store/decisions.ts'
import { championsOf, keysOf } from './store/keys.ts'
import { findModel, heldModels } from './store/models.ts'
import { keyView, modelView } from './views.ts'

const tags = ['promoter']
const RunParameter = z.object({ run: RunId })
const BotParameter = z.object({ bot: BotId })
/** How much of a key's past one answer holds. */
const pastEntries = 100

export function addRoutes(app: HttpApp, kit: Kit, people: People): void {
  async function showModel(run: RunId): Promise<ModelView> {
    const model = await findModel(kit.database, run)
    if (model === undefined) throw unknownRun(run)
    return modelView(model)
  }

  async function showKeys(bot: BotId, jobType?: JobTypeName): Promise<KeyView[]> {
    const keys = (await keysOf(kit.database, bot)).filter((key) => jobType === undefined || key.jobType === jobType)
    return await Promise.all(
      keys.map(async (key) =>
        keyView(
          key,
          await heldModels(kit.database, key),
          await championsOf(kit.database, key, pastEntries),
          await decisionsOf(kit.database, key, pastEntries),
        ),
      ),
    )
  }

  async function showKey({ bot, jobType }: Key): Promise<KeyView> {
    const [key] = await showKeys(bot, jobType)
    if (key === undefined) throw notFound(`nothing is known of the bot ${bot}`)
    return key
  }

  for (const action of ['approve', 'reject'] as const) {
    app.post(
      `/runs/:run/${action}`,
      {
        schema: {
          summary: action === 'approve' ? 'Put a held model in force' : 'Reject a held model',
          description: 'Answers 409 with the new facts when the champion is not the one that the decision names.',
          tags,
          params: RunParameter,
          body: Decision,
          response: { 200: ModelView },
        },
      },
      async ({ params, body, headers }) => {
        await people[action](params.run, body, kit.origin(traceOf(headers)))
        return await showModel(params.run)
      },
    )
  }

  app.post(
    '/bots/:bot/rollback',
    {
      schema: {
        summary: 'Put an earlier model in force again',
        description: 'It gets the next sequence, and machines only hold from then on, unless pin is false.',
        tags,
        params: BotParameter,
        body: Rollback,
        response: { 200: KeyView },
      },
    },
    async ({ params, body, headers }) =>
      await showKey(await people.rollback(params.bot, body, kit.origin(traceOf(headers)))),
  )

  app.post(
    '/bots/:bot/unpin',
    {
      schema: {
        summary: 'Let machines promote again',
        tags,
        params: BotParameter,
        body: Unpin,
        response: { 200: KeyView },
      },
    },
    async ({ params, body }) => await showKey(await people.unpin(params.bot, body)),
  )

  app.get(
    '/verdicts/:run',
    {
      schema: {
        summary: 'The verdict on a model, and what became of it',
        tags,
        params: RunParameter,
        response: { 200: ModelView },
      },
    },
    async ({ params }) => await showModel(params.run),
  )

  app.post(
    '/verdicts/preview',
    {
      schema: {
        summary: 'What another policy would have said, of one run or of the whole history',
        tags,
        body: PreviewRequest,
        response: { 200: z.array(Preview) },
      },
    },
    async ({ body }) => await preview(kit, body),
  )

  app.get(
    '/keys/:bot',
    {
      schema: {
        summary: 'What is in force for a bot, and what holds machines back',
        tags,
        params: BotParameter,
        querystring: z.object({ jobType: JobTypeName.optional() }),
        response: { 200: z.object({ keys: z.array(KeyView) }) },
      },
    },
    async ({ params, query }) => ({ keys: await showKeys(params.bot, query.jobType) }),
  )
}

function traceOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const { traceparent } = headers
  return typeof traceparent === 'string' ? traceparent : undefined
}
