/** The triggers of the configuration, and what they would make of messages. Nothing here changes anything. */
import { z } from 'zod'
import type { Trigger } from '../../schemas/configuration.ts'
import type { SignalId } from '../../schemas/words.ts'
import type { RawMessage } from '../kit/bus/bus.ts'
import { classify, notFound, unavailable } from '../kit/errors.ts'
import type { HttpApp } from '../kit/http/app.ts'
import type { Kit } from '../kit/service.ts'
import { TriggerAnswer, TriggerTestAnswer, TriggerTestBody } from './api.ts'
import { shown } from './fetch/sources.ts'
import { type Preview, preview } from './preview.ts'
import { makeRead } from './reading.ts'
import { knownSignals } from './signals.ts'
import { isKnownType, platformTopic } from './translate.ts'

export type TriggersParts = Pick<Kit, 'configuration' | 'database' | 'clock' | 'readAvro' | 'peek'>

export function addTriggers(app: HttpApp, { configuration, database, clock, readAvro, peek }: TriggersParts): void {
  const { triggers } = configuration
  const read = makeRead(readAvro, (type) => isKnownType(type, triggers))

  app.get(
    '/triggers',
    {
      schema: {
        summary: 'The triggers: which events call for training, and where they have what is needed',
        tags: ['intake'],
        response: { 200: z.object({ triggers: z.array(TriggerAnswer) }) },
      },
    },
    async () => ({ triggers: triggers.map(viewOf) }),
  )

  app.post(
    '/triggers/:trigger/test',
    {
      schema: {
        summary: 'What messages would become under a trigger, and why they would not be signals; does nothing',
        description: `Of messages that are given, or of the newest of a topic. They are taken as if they came over the trigger's topic or ${platformTopic}.`,
        tags: ['intake'],
        params: z.object({ trigger: z.string() }),
        body: TriggerTestBody,
        response: { 200: TriggerTestAnswer },
      },
    },
    async ({ params, body }) => {
      const trigger = triggers.find(({ name }) => name === params.trigger)
      if (!trigger) throw unknown(params.trigger)
      const messages = body.messages
        ? body.messages.map((message, offset) => asMessage(message, offset, trigger.topic))
        : await newest(body.topic ?? trigger.topic, body.last)
      const results = []
      for (const message of messages) {
        const topic = message.topic === platformTopic ? platformTopic : trigger.topic
        results.push({ message, result: preview(await read({ ...message, topic }), trigger) })
      }
      const ids = results.flatMap(({ result }) => (result.becomes === 'signal' ? [result.signal.id] : []))
      const known = await knownSignals(database, ids)
      return { results: results.map(({ message, result }) => resultOf(message, result, known)) }
    },
  )

  async function newest(topic: string, count: number): Promise<RawMessage[]> {
    try {
      return await peek(topic, count, 'fewer')
    } catch (error) {
      const { message, hint } = classify(error)
      throw unavailable(`the messages of ${topic} cannot be read: ${message}`, { ...(hint && { hint }), cause: error })
    }
  }

  function unknown(name: string): Error {
    const names = triggers.map((trigger) => trigger.name)
    return notFound(`there is no trigger ${name}`, {
      hint:
        names.length === 0
          ? 'The configuration has none.'
          : `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.`,
    })
  }

  function asMessage(
    given: NonNullable<TriggerTestBody['messages']>[number],
    offset: number,
    topic: string,
  ): RawMessage {
    const { value, headers } = given
    return { topic, partition: 0, offset, key: null, headers, value: Buffer.from(value), timestamp: clock.now() }
  }
}

function viewOf(trigger: Trigger): TriggerAnswer {
  const { name, topic, when, jobType, from } = trigger
  const where = ({ bot, dataset, digest, revision }: Trigger) => ({
    bot: bot.text,
    dataset: dataset?.text ?? null,
    digest: digest?.text ?? null,
    revision: revision?.text ?? null,
  })
  const conditions = when.conditions.map(({ pointer, equals }) => ({ pointer: pointer.text, equals }))
  return { name, topic, type: when.type, conditions, jobType, ...where(trigger), from }
}

function resultOf(
  message: RawMessage,
  result: Preview,
  known: ReadonlySet<SignalId>,
): TriggerTestAnswer['results'][number] {
  const { partition, offset, timestamp } = message
  const place = { partition, offset, timestamp: timestamp.toISOString() }
  const { becomes, event } = result
  const said = {
    place,
    becomes,
    event: event ? { ...event.origin, type: typeof event.type === 'string' ? event.type : null } : null,
  }
  if (result.becomes !== 'signal') return { ...said, signal: null, reason: result.reason }
  const { id, bot, jobType, dataset, revision } = result.signal
  return {
    ...said,
    signal: {
      signal: id,
      bot,
      jobType,
      dataset: dataset === undefined ? null : shown(dataset.uri),
      revision: revision ?? null,
      known: known.has(id),
    },
    reason: null,
  }
}
