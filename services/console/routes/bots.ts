import { z } from 'zod'
import { BotId, JobTypeName, type Key } from '../../../schemas/words.ts'
import { badInput, notFound } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import { shellWord } from '../../kit/shell-word.ts'
import type { Database } from '../../kit/store/database.ts'
import { ChampionView } from '../champion-view.ts'
import { championChanges, championsOf, listChampions } from '../champions.ts'
import { RunInList } from '../run-view.ts'
import { listRuns } from '../runs.ts'

const shownChanges = 20
const shownRuns = 20
const shownHeld = 50

/** `GET /bots/:bot` and `GET /champions`. */
export function botRoutes(app: HttpApp, database: Database): void {
  app.get(
    '/bots/:bot',
    {
      schema: {
        summary: 'A bot: its champions with the changes before them, its latest runs, its held models',
        tags: ['console'],
        params: z.object({ bot: BotId }),
        response: {
          200: z.object({
            bot: BotId,
            champions: z.array(
              ChampionView.extend({ changes: z.array(ChampionView).describe('Newest first, this one included.') }),
            ),
            runs: z.array(RunInList),
            held: z.array(RunInList),
          }),
        },
      },
    },
    async (request) => {
      const { bot } = request.params
      const [champions, runs, held] = await Promise.all([
        championsOf(database, bot),
        listRuns(database, { bot }, shownRuns),
        listRuns(database, { bot, held: true }, shownHeld),
      ])
      if (champions.length === 0 && runs.length === 0) {
        throw notFound(`no run of the bot ${bot} is known`, {
          hint: `"trainyard signals --bot ${shellWord(bot)}" lists its signals, waiting ones too (GET /signals?bot=${encodeURIComponent(bot)}).`,
        })
      }
      const withChanges = champions.map(async (champion) => ({
        ...champion,
        changes: await championChanges(database, champion, shownChanges),
      }))
      return { bot, champions: await Promise.all(withChanges), runs, held }
    },
  )

  app.get(
    '/champions',
    {
      schema: {
        summary: 'The models in force, by bot and job type',
        tags: ['console'],
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(10_000).default(100),
          after: z.string().optional().describe('A key, as bot/jobType: the `next` of the page before.'),
        }),
        response: { 200: z.object({ champions: z.array(ChampionView), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, after } = request.query
      const champions = await listChampions(database, limit + 1, after === undefined ? undefined : keyOf(after))
      const page = champions.slice(0, limit)
      const last = page.at(-1)
      return { champions: page, next: champions.length > limit && last ? `${last.bot}/${last.jobType}` : null }
    },
  )
}

/** A bot's id may hold a slash, a job type's name may not. */
function keyOf(text: string): Key {
  const slash = text.lastIndexOf('/')
  const bot = BotId.safeParse(text.slice(0, Math.max(0, slash)))
  const jobType = JobTypeName.safeParse(text.slice(slash + 1))
  if (!bot.success || !jobType.success) throw badInput(`after: expected bot/jobType, got ${JSON.stringify(text)}`)
  return { bot: bot.data, jobType: jobType.data }
}
