import { z } from 'zod'
import { maximumSlots } from '../../../schemas/job-type.ts'
import { BotId, isStorable, JobTypeName, RunId } from '../../../schemas/words.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'
import { readQueue } from '../queue-view.ts'
import { chooseSlots, readSlots } from '../slots.ts'

const tags = ['launcher']

const Words = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .refine(isStorable, { error: 'expected a text without NUL and lone surrogates' })
/** Who, and why: every act of a person says both. */
export const ByPerson = z.strictObject({ actor: Words, reason: Words })

const Slots = z.object({
  jobType: JobTypeName,
  slots: z.int(),
  configured: z.int().nullable().describe('Null: the job type is not in the configuration any more.'),
  chosen: z.object({ slots: z.int(), actor: z.string(), reason: z.string(), at: z.date() }).nullable(),
  used: z.array(RunId),
  retiring: z.int(),
})

const Entry = z.object({
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int(),
  state: z.enum(['queued', 'running', 'succeeded']),
  priority: z.int(),
  position: z.int().nullable(),
  waitsFor: z.enum(['slot', 'verdict', 'running']).nullable(),
  since: z.date(),
  progress: z.number().nullable(),
})

export function addQueueRoutes(
  app: HttpApp,
  { database, configuration }: Pick<Kit, 'database' | 'configuration'>,
  wakeQueue: () => void,
): void {
  const configured = new Set(Object.keys(configuration.jobTypes))

  app.get(
    '/slots',
    { schema: { summary: 'Worker slots of each job type.', tags, response: { 200: z.array(Slots) } } },
    async () => (await readSlots(database, configured)).map((slots) => ({ ...slots, used: [...slots.used] })),
  )

  app.put(
    '/slots/:jobType',
    {
      schema: {
        summary:
          'Choose the number of slots of a job type; null goes back to the configured number. Running runs go on.',
        tags,
        params: z.object({ jobType: JobTypeName }),
        body: ByPerson.extend({ slots: z.int().min(0).max(maximumSlots).nullable() }),
        response: { 200: z.array(Slots) },
      },
    },
    async ({ params: { jobType }, body: { slots, ...by } }) => {
      await chooseSlots(database, jobType, slots, by)
      wakeQueue()
      const all = await readSlots(database, configured)
      return all.filter((one) => one.jobType === jobType).map((one) => ({ ...one, used: [...one.used] }))
    },
  )

  app.get(
    '/queue',
    {
      schema: {
        summary: 'What runs and what waits, in order, and for what.',
        tags,
        querystring: z.strictObject({ bot: BotId.optional() }),
        response: { 200: z.array(Entry) },
      },
    },
    ({ query: { bot } }) => readQueue(database, bot),
  )
}
