import { typeOf } from '../../../schemas/catalogue.ts'
import type { Codec } from '../../../schemas/codec.ts'
import { messageOf } from '../errors.ts'
import type { EventConsumer, Kit, RawConsumer } from '../service.ts'
import type { Handle, Handling } from './consumer.ts'
import { type ReceivedEvent, receive } from './events.ts'

/**
 * What a service's consumer does with messages. Events are decoded one by one: what cannot be is buried at once, and
 * the rest goes on.
 */
export function handlingOf(
  consumer: EventConsumer | RawConsumer,
  { outbox, log, codec }: Pick<Kit, 'outbox' | 'log'> & { readonly codec: Codec },
): Handling {
  if (consumer.kind === 'raw') return consumer
  const { group, urgent = [] } = consumer
  const urgentTypes: readonly unknown[] = urgent.map(typeOf)

  const handle: Handle = async (transaction, messages) => {
    const events: ReceivedEvent[] = []
    const letters = []
    for (const message of messages) {
      try {
        events.push(receive(message, codec))
      } catch (error) {
        const { topic, partition, offset } = message
        const reason = messageOf(error)
        log.error({ topic, partition, offset, group, reason }, 'an event cannot be decoded')
        letters.push({ ...message, group, reason })
      }
    }
    await outbox.deadLetter(transaction, letters)
    if (events.length > 0) await consumer.handle(transaction, events)
  }
  return { prepare: async () => handle, isUrgent: ({ headers }) => urgentTypes.includes(headers['ce_type']) }
}
