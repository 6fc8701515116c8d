import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { isStorable } from '../../../schemas/words.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'
import { replayLetter, selectLetters, sendBack } from '../dead-letters/replay.ts'
import { findLetter, type LetterInList, listLetters, replaysOf } from '../dead-letters/store.ts'
import { Time } from '../run-view.ts'

/** What is shown of one message; the rest is counted. */
const shownBytes = 64 * 1024
const replayedAtOnce = { letters: 200, bytes: 8 * 1024 * 1024 }

const Letter = z.object({
  id: z.number(),
  topic: z.string().nullable().describe('Where it came from, as far as it is known.'),
  partition: z.number().nullable(),
  offset: z.number().nullable(),
  group: z.string().nullable().describe('The consumers that could not handle it.'),
  reason: z.string(),
  deadLetteredAt: Time,
  bytes: z.number(),
  replays: z.number(),
})

const Content = z
  .object({ encoding: z.enum(['utf8', 'base64']), content: z.string() })
  .nullable()
  .describe(`At most the first ${shownBytes} bytes, as base64 unless they are text.`)

const HeaderValue = z.union([z.string(), z.object({ base64: z.string() })])
const Headers = z
  .record(z.string(), z.union([HeaderValue, z.array(HeaderValue).readonly()]))
  .readonly()
  .describe('As base64 where a value is no UTF-8; a list where a header occurs more than once.')

const LetterId = z.coerce.number().int().min(1)
const Storable = z.string().refine(isStorable, { error: 'holds NUL or half of a character' })
const Sentence = Storable.trim().min(1).max(2_000)
const Person = { actor: Sentence.describe('Who does it.'), reason: Sentence.describe('Why, for the record.') }

const Where = z.strictObject({
  topic: Storable.optional(),
  reasonContains: Storable.optional().describe('A part of the reason, in any case.'),
  since: z.iso.datetime({ offset: true }).optional(),
})

/** `GET /dead-letters`, `GET /dead-letters/:id` and the two ways to replay them. */
export function deadLetterRoutes(app: HttpApp, kit: Pick<Kit, 'database' | 'outbox' | 'log'>): void {
  const { database, outbox, log } = kit

  app.get(
    '/dead-letters',
    {
      schema: {
        summary: 'Messages that were not understood, newest first',
        tags: ['console'],
        querystring: Where.extend({
          waiting: z.stringbool().optional().describe('Only those that nobody has replayed.'),
          limit: z.coerce.number().int().min(1).max(500).default(50),
          before: LetterId.optional().describe('The list goes on below this id: the `next` of the page before.'),
        }),
        response: { 200: z.object({ deadLetters: z.array(Letter), next: z.number().nullable() }) },
      },
    },
    async (request) => {
      const { limit, before, ...filter } = request.query
      const letters = await listLetters(database, filter, limit + 1, before)
      const page = letters.slice(0, limit)
      return { deadLetters: page.map(viewOf), next: letters.length > limit ? (page.at(-1)?.id ?? null) : null }
    },
  )

  app.get(
    '/dead-letters/:id',
    {
      schema: {
        summary: 'A dead letter: its key, headers and bytes, and who replayed it',
        tags: ['console'],
        params: z.object({ id: LetterId }),
        response: {
          200: Letter.extend({
            key: Content,
            headers: Headers,
            value: Content,
            replayed: z.array(z.object({ at: Time, actor: z.string(), reason: z.string() })),
          }),
        },
      },
    },
    async (request) => {
      const letter = await findLetter(database, request.params.id)
      const replays = await replaysOf(database, letter.id)
      return {
        ...viewOf(letter),
        key: contentOf(letter.key),
        headers: letter.headers,
        value: contentOf(letter.value),
        replayed: replays.map(({ replayed_at, actor, reason }) => ({ at: replayed_at.toISOString(), actor, reason })),
      }
    },
  )

  app.post(
    '/dead-letters/:id/replay',
    {
      schema: {
        summary: 'Sends a dead letter back to the topic that it came from, as it was',
        tags: ['console'],
        params: z.object({ id: LetterId }),
        body: z.strictObject({ ...Person, force: z.boolean().default(false).describe('Replay it once more.') }),
        response: { 200: z.object({ id: z.number(), topic: z.string() }) },
      },
    },
    async (request) => {
      const { id } = request.params
      const { force, ...person } = request.body
      const { topic } = await database.transaction((transaction) =>
        replayLetter(transaction, outbox, id, person, force),
      )
      log.info({ deadLetters: [id], topic, ...person }, 'replayed a dead letter')
      return { id, topic }
    },
  )

  app.post(
    '/dead-letters/replay',
    {
      schema: {
        summary: 'Sends many dead letters back: those that are selected and were never replayed, oldest first',
        description: `At most ${replayedAtOnce.letters} at once, and fewer large ones; \`next\` says where to go on.`,
        tags: ['console'],
        body: z.strictObject({
          ...Person,
          where: Where,
          dryRun: z.boolean().default(false).describe('Say what would be done, and do nothing.'),
          after: LetterId.optional(),
          upTo: LetterId.optional().describe('What is buried later is left out: what is replayed may come back.'),
        }),
        response: {
          200: z.object({
            dryRun: z.boolean(),
            replayed: z.array(z.number()),
            refused: z.array(z.object({ id: z.number(), reason: z.string() })),
            next: z.number().nullable(),
          }),
        },
      },
    },
    async (request) => {
      const { where, dryRun, after, upTo, ...person } = request.body
      const { sendable, refused, next } = await database.transaction(async (transaction) => {
        const selection = await selectLetters(transaction, where, replayedAtOnce, { after, upTo })
        if (!dryRun) await sendBack(transaction, outbox, selection.sendable, person)
        return selection
      })
      const replayed = sendable.map(({ id }) => id)
      if (!dryRun && replayed.length > 0) log.info({ deadLetters: replayed, ...person }, 'replayed dead letters')
      return { dryRun, replayed, refused: [...refused], next }
    },
  )
}

function viewOf(letter: LetterInList): z.infer<typeof Letter> {
  const { dead_lettered_at, ...rest } = letter
  return { ...rest, deadLetteredAt: dead_lettered_at.toISOString() }
}

function contentOf(bytes: Buffer | null): z.infer<typeof Content> {
  if (bytes === null) return null
  const shown = bytes.subarray(0, shownBytes)
  // A cut may fall into a character: then the text is the bytes before it.
  for (let length = shown.byteLength; length >= Math.max(0, shown.byteLength - 3); length -= 1) {
    const text = shown.subarray(0, length)
    if (isUtf8(text)) return { encoding: 'utf8', content: text.toString('utf8') }
    if (shown.byteLength === bytes.byteLength) break
  }
  return { encoding: 'base64', content: shown.toString('base64') }
}
