import { z } from 'zod'
import { BotId, JobTypeName, RunId, RunState } from '../../../schemas/words.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Database } from '../../kit/store/database.ts'
import { RunInList, Time } from '../run-view.ts'
import { eventsOfRun, findRun, listRuns } from '../runs.ts'
import { tellStory } from '../story.ts'

/** A story stays readable and its answer small, whatever happened. */
const storyLimits = { signals: 100, others: 100 }

const RunsQuery = z.strictObject({
  bot: BotId.optional(),
  jobType: JobTypeName.optional(),
  state: RunState.optional(),
  held: z.stringbool().optional().describe('Only runs whose model waits for a person.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: RunId.optional().describe('The list goes on after this run: the `next` of the page before.'),
})

const StoryEntry = z.object({
  time: Time,
  what: z.string(),
  type: z.string().describe('Type of the event that told it.'),
  event: z.string().describe('Id of that event.'),
  cause: z.string().describe('Id of the event that it followed from.'),
  data: z.unknown(),
})

/** `GET /runs` and `GET /runs/:run`. */
export function runRoutes(app: HttpApp, database: Database): void {
  app.get(
    '/runs',
    {
      schema: {
        summary: 'Runs, newest first',
        tags: ['console'],
        querystring: RunsQuery,
        response: { 200: z.object({ runs: z.array(RunInList), next: RunId.nullable() }) },
      },
    },
    async (request) => {
      const { limit, before, ...filter } = request.query
      const runs = await listRuns(database, filter, limit + 1, before)
      const page = runs.slice(0, limit)
      return { runs: page, next: runs.length > limit ? (page.at(-1)?.run ?? null) : null }
    },
  )

  app.get(
    '/runs/:run',
    {
      schema: {
        summary: 'A run: its facts, and the whole story in time order',
        tags: ['console'],
        params: z.object({ run: RunId }),
        response: {
          200: RunInList.extend({
            signals: z
              .record(z.string(), z.number())
              .describe(`How many signals name it, by their ends. The story tells the first ${storyLimits.signals}.`),
            story: z.array(StoryEntry),
          }),
        },
      },
    },
    async (request) => {
      const { run } = request.params
      const [facts, { events, signals }] = await Promise.all([
        findRun(database, run),
        eventsOfRun(database, run, storyLimits),
      ])
      return { ...facts, signals, story: tellStory(run, events) }
    },
  )
}
