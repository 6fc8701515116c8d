import { Readable } from 'node:stream'
import { z } from 'zod'
import { AttemptName, AttemptOutcome, RunId } from '../../../schemas/words.ts'
import { messageOf, notFound } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'
import { cancelRun } from '../cancel.ts'
import type { Executor, Remark } from '../executor/executor.ts'
import { followLog } from '../follow.ts'
import { readRuns } from '../ledger.ts'
import type { News } from '../news.ts'
import { remarksNow } from '../remarks.ts'
import { followedFromMs } from '../run-step.ts'
import type { Timings } from '../timings.ts'
import { ByPerson } from './queue.ts'

const tags = ['launcher']
const params = z.object({ run: RunId })

const Attempt = z.object({
  attempt: AttemptName,
  kind: z.enum(['train', 'predict']),
  number: z.int(),
  state: z.enum(['created', 'claimed', 'ended']),
  outcome: AttemptOutcome.nullable(),
  reason: z.string().nullable(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  progress: z.number(),
  stop: z.string().nullable(),
  pid: z.int().nullable().describe('Of its runner, where it runs.'),
  logBytes: z.int(),
  trainSeconds: z.number().nullable(),
  predictSeconds: z.number().nullable(),
  createdAt: z.date(),
  placedAt: z.date().nullable().describe('When the executor had started its runner.'),
  claimedAt: z.date().nullable(),
  heartbeatAt: z.date().nullable(),
  silentMs: z
    .number()
    .nullable()
    .describe('For how long nothing was heard of its runner, which tells every few seconds; null where there is none.'),
  standing: z.string().nullable().describe('How it stands: what it waits for, or where it runs, or ran last.'),
  standingSince: z.date().nullable(),
  remarks: z
    .array(z.object({ at: z.string(), words: z.string() }))
    .describe('What the executor has heard of it: node, Kubernetes events. Kept when it has ended.'),
  dueAt: z.date(),
  endedAt: z.date().nullable(),
  followedFrom: z
    .date()
    .nullable()
    .describe('From when on another attempt may follow it; null where none is to follow.'),
})

export interface RunRoutesNeeds {
  readonly kit: Kit
  readonly news: News
  readonly executor: Pick<Executor, 'remarks'>
  readonly timings: Timings
  /** Called when a run is to stop, or has left the queue. */
  look(run: RunId): void
}

export function addRunRoutes(app: HttpApp, { kit, news, executor, timings, look }: RunRoutesNeeds): void {
  const { database } = kit

  app.get(
    '/runs/:run/attempts',
    {
      schema: {
        summary: 'The attempts of a run; those of kind predict let the champion answer.',
        tags,
        params,
        querystring: z.strictObject({
          remarks: z
            .stringbool()
            .default(false)
            .describe('Ask the executor for what it has to say of those that go on.'),
        }),
        response: { 200: z.array(Attempt) },
      },
    },
    async ({ params: { run }, query: { remarks } }) => {
      await requireRun(run)
      const now = remarks ? await remarksNow(kit, executor, run) : undefined
      const attempts = await database.query<Omit<z.infer<typeof Attempt>, 'followedFrom'>>(
        `select attempt, kind, number, state, outcome, reason, exit_code as "exitCode", signal, progress, stop, pid,
                log_bytes as "logBytes", train_seconds as "trainSeconds", predict_seconds as "predictSeconds",
                created_at as "createdAt", placed_at as "placedAt", claimed_at as "claimedAt",
                heartbeat_at as "heartbeatAt",
                case when state = 'claimed' then extract(epoch from now() - coalesce(heartbeat_at, claimed_at)) * 1000 end as "silentMs",
                standing, standing_since as "standingSince", remarks, due_at as "dueAt",
                ended_at as "endedAt"
           from launcher.attempts where run = $1 order by kind desc, number`,
        [run],
      )
      const followed = await followedFrom(run)
      return attempts.map((attempt) => ({
        ...attempt,
        followedFrom: followed.get(attempt.attempt) ?? null,
        remarks: attempt.remarks.length > 0 ? attempt.remarks : toldOf(now?.get(attempt.attempt)),
      }))
    },
  )

  app.get(
    '/runs/:run/logs',
    {
      schema: {
        summary:
          'The log of a run as text: all its training attempts, or one attempt. With follow, until the run ends.',
        tags,
        params,
        querystring: z.strictObject({
          attempt: AttemptName.optional().describe('One attempt by its name, also one of the champion.'),
          follow: z
            .stringbool()
            .or(z.literal('').transform(() => true))
            .default(false)
            .describe('Go on until the run ends.'),
        }),
      },
    },
    async ({ params: { run }, query: { attempt, follow } }, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      await requireRun(run)
      if (attempt !== undefined) await requireAttempt(run, attempt)
      void reply.type('text/plain; charset=utf-8')
      return reply.send(Readable.from(followLog({ database, news }, run, attempt, follow, gone.signal)))
    },
  )

  app.post(
    '/runs/:run/cancel',
    {
      schema: {
        summary: 'Cancel a run that waits or trains. A result that is stored already stays: then 409.',
        tags,
        params,
        body: ByPerson,
        response: { 202: z.object({ run: RunId, state: z.enum(['cancelled', 'running']) }) },
      },
    },
    async ({ params: { run }, body }, reply) => {
      const state = await cancelRun(kit, run, body)
      look(run)
      return reply.status(202).send({ run, state })
    },
  )

  /** Of a record that cannot be understood it is not known, and the rest of it is told all the same. */
  async function followedFrom(run: RunId): Promise<Map<AttemptName, Date>> {
    const [record] = await readRuns(database, [run])
    try {
      const facts = record?.facts()
      const times = facts?.attempts.map((attempt) => [attempt.name, followedFromMs(facts, attempt, timings)] as const)
      return new Map(times?.flatMap(([name, ms]) => (ms === null ? [] : [[name, new Date(ms)]])))
    } catch (error) {
      kit.log.warn({ run, error: messageOf(error) }, 'the record of a run cannot be understood')
      return new Map()
    }
  }

  const toldOf = (remarks: readonly Remark[] = []) => remarks.map(({ at, words }) => ({ at: at.toISOString(), words }))

  async function requireRun(run: RunId): Promise<void> {
    const rows = await database.query('select from launcher.runs where run = $1', [run])
    if (rows.length === 0) throw notFound(`there is no run ${run}`)
  }

  async function requireAttempt(run: RunId, attempt: AttemptName): Promise<void> {
    const rows = await database.query('select from launcher.attempts where run = $1 and attempt = $2', [run, attempt])
    if (rows.length > 0) return
    throw notFound(`${run} has no attempt ${attempt}`, {
      hint: `"trainyard run ${run}" lists those that it has (GET /runs/${run}/attempts).`,
    })
  }
}
