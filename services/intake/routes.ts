import { Readable } from 'node:stream'
import { z } from 'zod'
import { CloudEventError } from '../../schemas/cloudevents.ts'
import { BotId, Digest, SignalId } from '../../schemas/words.ts'
import { badInput, malformed, notFound } from '../kit/errors.ts'
import type { HttpApp } from '../kit/http/app.ts'
import type { Kit } from '../kit/service.ts'
import { makeTurns } from '../kit/turns.ts'
import {
  DatasetAnswer,
  EventsAnswer,
  RequestAnswer,
  SignalAnswer,
  SignalsAnswer,
  SignalsQuery,
  TrainAnswer,
  TrainBody,
} from './api.ts'
import type { DatasetStore } from './dataset/store.ts'
import type { EventResult, Headers } from './events.ts'
import { readSums } from './sums.ts'
import type { Train } from './train.ts'
import { addTriggers, type TriggersParts } from './triggers.ts'
import { datasetView, openRequests, readSignal, signalsOfBot } from './views.ts'

const tags = ['intake']
const datasetsAtOnce = 2
const datasetsWaiting = 32

export type RoutesParts = Pick<Kit, 'configuration' | 'database' | 'point'> &
  TriggersParts & {
    readonly publish: (headers: Headers, body: unknown) => Promise<EventResult[]>
    readonly train: Train
    readonly datasets: DatasetStore
  }

export function addRoutes(app: HttpApp, parts: RoutesParts): void {
  addEvents(app, parts)
  addDatasets(app, parts)
  addTrain(app, parts)
  addTriggers(app, parts)
  addLedger(app, parts)
}

function addEvents(app: HttpApp, { publish }: RoutesParts): void {
  app.post(
    '/events',
    {
      schema: {
        summary: 'Publish events of the platform',
        description:
          'CloudEvents 1.0: structured, binary or batch. Answers 202 once their signals are durable; 422 with one result per event if any is refused, the others being stored all the same. The same event again is the same signal.',
        tags,
        body: z.unknown(),
        response: { 202: EventsAnswer },
      },
    },
    async ({ headers, body }, reply) => {
      const answer = answerTo(await published(publish, headers, body))
      if (answer.refused === 0) return reply.status(202).send(answer)
      const refused = answer.results.filter(({ accepted }) => !accepted)
      const [first] = refused
      const message =
        answer.results.length === 1
          ? `the event is refused: ${first?.reason}`
          : `${answer.refused} of ${answer.results.length} events ${answer.refused === 1 ? 'is' : 'are'} refused, the first (${first?.event ?? 'without an id'}): ${first?.reason}`
      const others = answer.accepted === 1 ? 'The other one is stored.' : `The other ${answer.accepted} are stored.`
      throw badInput(message, { ...(answer.accepted > 0 && { hint: others }), details: answer })
    },
  )
}

async function published(
  publish: RoutesParts['publish'],
  headers: Headers,
  body: unknown,
): Promise<readonly EventResult[]> {
  try {
    return await publish(headers, body)
  } catch (error) {
    if (error instanceof CloudEventError) throw badInput(error.message, { cause: error })
    throw error
  }
}

function answerTo(results: readonly EventResult[]): EventsAnswer {
  const accepted = results.filter((result) => result.accepted).length
  return {
    accepted,
    refused: results.length - accepted,
    signals: results.flatMap(({ signals }) => signals.map(({ signal }) => signal)),
    results: results.map((result) => ({ ...result, signals: [...result.signals] })),
  }
}

function addDatasets(app: HttpApp, { configuration, database, datasets, point }: RoutesParts): void {
  const inTurn = makeTurns(datasetsAtOnce, datasetsWaiting)
  const shares = Object.values(configuration.jobTypes).map(({ heldOutShare }) => heldOutShare)
  const [firstShare = 0] = shares

  async function view(digest: Digest): Promise<DatasetAnswer> {
    const found = await datasetView(database, digest, firstShare)
    if (!found) throw notFound(`there is no dataset ${digest}`)
    return found
  }

  app.post(
    '/datasets',
    {
      schema: {
        summary: 'Store a dataset',
        description:
          'JSON Lines of {"text", "intent", "id"?, "split"?}, as application/x-ndjson. Answers with the URI that events may name it by; 422 with what is wrong, by line and field.',
        tags,
        response: { 201: DatasetAnswer },
      },
    },
    async ({ body }, reply) => {
      if (!(body instanceof Readable)) {
        throw malformed('expected JSON Lines with the content type application/x-ndjson')
      }
      const digest = await inTurn(() => datasets.put(body, shares))
      await point('intake.dataset.stored')
      return reply.status(201).send(await view(digest))
    },
  )

  app.get(
    '/datasets/:digest',
    {
      schema: {
        summary: 'What is known of a stored dataset',
        tags,
        params: z.object({ digest: Digest }),
        response: { 200: DatasetAnswer },
      },
    },
    async ({ params }) => await view(params.digest),
  )
}

function addTrain(app: HttpApp, { train }: RoutesParts): void {
  app.post(
    '/train',
    {
      schema: {
        summary: 'Have a bot trained, as a person',
        description: 'Due at once, and never taken as unchanged. Answers 422 when it cannot be granted.',
        tags,
        body: TrainBody,
        response: { 202: TrainAnswer },
      },
    },
    async ({ body, headers }, reply) => {
      const { traceparent } = headers
      return reply.status(202).send(await train(body, typeof traceparent === 'string' ? traceparent : undefined))
    },
  )
}

function addLedger(app: HttpApp, { database }: RoutesParts): void {
  app.get(
    '/signals',
    {
      schema: {
        summary: 'The sum of the ledger, and the signals of a bot',
        tags,
        querystring: SignalsQuery,
        response: { 200: SignalsAnswer },
      },
    },
    async ({ query }) => {
      const sums = await readSums(database)
      if (query.bot === undefined) return sums
      return { ...sums, signals: await signalsOfBot(database, query.bot, query.limit) }
    },
  )

  app.get(
    '/signals/:signal',
    {
      schema: {
        summary: 'A signal and its end',
        tags,
        params: z.object({ signal: SignalId }),
        response: { 200: SignalAnswer },
      },
    },
    async ({ params }) => {
      const signal = await readSignal(database, params.signal)
      if (!signal) throw notFound(`there is no signal ${params.signal}`)
      return signal
    },
  )

  app.get(
    '/requests',
    {
      schema: {
        summary: 'Requests that are no run yet, and what they wait for',
        tags,
        querystring: z.object({
          bot: BotId.optional(),
          limit: z.coerce.number().int().min(1).max(1_000).default(100),
        }),
        response: { 200: z.object({ requests: z.array(RequestAnswer) }) },
      },
    },
    async ({ query }) => ({ requests: await openRequests(database, query.bot, query.limit) }),
  )
}
