/** What the intake's HTTP API takes and gives. */
import { z } from 'zod'
import {
  BotId,
  Digest,
  isStorable,
  JobTypeName,
  NamableBotId,
  RunId,
  SignalEnd,
  SignalId,
} from '../../schemas/words.ts'

const Time = z.iso.datetime()
const Text = z.string().min(1).refine(isStorable, { error: 'expected a text without NUL and lone surrogates' })
const Words = Text.max(2_000).refine((text) => text.trim() !== '', { error: 'expected more than white space' })

export const EventsAnswer = z.object({
  accepted: z.int().describe('Events whose signals are stored.'),
  refused: z.int(),
  signals: z.array(SignalId).describe('All signals of the request.'),
  results: z
    .array(
      z.object({
        event: z.string().nullable().describe("The event's own id, where it could be read."),
        accepted: z.boolean(),
        signals: z.array(
          z.object({
            signal: SignalId,
            trigger: z.string(),
            bot: z.string(),
            jobType: z.string(),
            known: z.boolean().describe('It came before, and changed nothing.'),
          }),
        ),
        reason: z.string().optional().describe('Why it was refused, or why it is no signal.'),
      }),
    )
    .describe('One for each event, in order.'),
})
export type EventsAnswer = z.infer<typeof EventsAnswer>

export const TrainBody = z.object({
  bot: NamableBotId,
  jobType: JobTypeName.optional().describe('Needed where there are several.'),
  dataset: Text.max(2_000).optional().describe('URI of the dataset; without it, the newest that is known of the bot.'),
  actor: Words.describe('Who asks.'),
  reason: Words.describe('Why.'),
})

export const TrainAnswer = z.object({
  signal: SignalId,
  run: RunId.describe('The run that will answer it, or that it was coalesced into.'),
})

const RemarkAnswer = z.object({ message: z.string(), lines: z.array(z.int()).describe('The first lines it is about.') })

export const DatasetAnswer = z.object({
  digest: Digest,
  uri: z.string().describe('What events may name it by.'),
  bytes: z.int(),
  rows: z.int(),
  texts: z.int().describe('Distinct texts.'),
  intents: z.int().describe('Without out-of-scope.'),
  trainRows: z.int().describe('By the held-out share of the first job type.'),
  examRows: z.int(),
  reports: z.array(RemarkAnswer).describe('What is worth knowing of it.'),
  splits: z
    .array(z.object({ heldOutShare: z.number(), trainRows: z.int(), examRows: z.int() }))
    .describe('By the held-out share of each job type.'),
  storedAt: Time,
})
export type DatasetAnswer = z.infer<typeof DatasetAnswer>

export const SignalAnswer = z.object({
  signal: SignalId,
  trigger: z.string().nullable().describe('Null, like the job type, of a message that could not be read.'),
  bot: z.string().nullable().describe('Null where the event did not tell.'),
  jobType: z.string().nullable(),
  source: z.string(),
  event: z.string(),
  revision: z.int().nullable(),
  actor: z.string().nullable(),
  receivedAt: Time,
  request: RunId.nullable().describe('The request that it waited with, or waits with.'),
  requestState: z.string().nullable(),
  end: SignalEnd.nullable().describe('Null while it waits.'),
  run: RunId.nullable().describe('The run that answers it.'),
  reason: z.string().nullable(),
  endedAt: Time.nullable(),
})

export type SignalAnswer = z.infer<typeof SignalAnswer>

export const SignalsQuery = z.object({
  bot: BotId.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
})

export const SignalsAnswer = z.object({
  received: z.int(),
  launched: z.int(),
  coalesced: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  deadLettered: z.int(),
  waiting: z.int().describe('Not started yet.'),
  oldestWaitingSeconds: z.number(),
  balanced: z.boolean().describe('Received is the sum of the others.'),
  signals: z.array(SignalAnswer).optional().describe("The bot's, newest first, where one is named."),
})

export const RequestAnswer = z.object({
  run: RunId,
  bot: z.string(),
  jobType: z.string(),
  state: z.enum(['waiting', 'fetching']),
  since: Time,
  dueAt: Time.describe('Waiting: when it is decided. Fetching: when the next try may begin.'),
  signals: z.int(),
  dataset: z.string().nullable(),
  actor: z.string().nullable(),
  tries: z.int(),
  failures: z.int().describe('Of the tries; one that is not among them is under way.'),
  problem: z.string().nullable().describe('Why the last try failed.'),
  reason: z.string().describe('What it waits for.'),
})
export type RequestAnswer = z.infer<typeof RequestAnswer>

export const TriggerAnswer = z.object({
  name: z.string(),
  topic: z.string(),
  type: z.string().describe('Of the events that it is for.'),
  conditions: z.array(z.object({ pointer: z.string(), equals: z.union([z.string(), z.number(), z.boolean()]) })),
  jobType: z.string(),
  bot: z.string().describe("JSON pointer to the bot's id, and so on."),
  dataset: z.string().nullable(),
  digest: z.string().nullable(),
  revision: z.string().nullable(),
  from: z.enum(['beginning', 'end']),
})
export type TriggerAnswer = z.infer<typeof TriggerAnswer>

const mostTested = 1_000

export const TriggerTestBody = z.strictObject({
  messages: z
    .array(z.strictObject({ value: z.string(), headers: z.record(z.string(), z.string()).default({}) }))
    .max(mostTested)
    .optional()
    .describe('Without them, the newest of a topic.'),
  topic: Text.max(249).optional().describe("Default: the trigger's own."),
  last: z.int().min(1).max(mostTested).default(100).describe('How many of the newest.'),
})
export type TriggerTestBody = z.infer<typeof TriggerTestBody>

export const TriggerTestAnswer = z.object({
  results: z
    .array(
      z.object({
        place: z.object({ partition: z.int(), offset: z.int(), timestamp: Time }),
        event: z
          .object({ source: z.string(), eventId: z.string(), type: z.string().nullable() })
          .nullable()
          .describe('Null where it could not be read.'),
        becomes: z.enum(['signal', 'deadLetter', 'nothing']),
        signal: z
          .object({
            signal: SignalId,
            bot: z.string(),
            jobType: z.string(),
            dataset: z.string().nullable(),
            revision: z.int().nullable(),
            known: z.boolean().describe('It came before, so it would change nothing.'),
          })
          .nullable(),
        reason: z.string().nullable().describe('Why it would be no signal.'),
      }),
    )
    .describe('One for each message, in order.'),
})
export type TriggerTestAnswer = z.infer<typeof TriggerTestAnswer>
