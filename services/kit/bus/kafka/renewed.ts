import type { Clock } from '../../clock.ts'
import { unavailable } from '../../errors.ts'
import type { Connected } from './connect.ts'
import { within } from './within.ts'

/** What kafkajs connects: a producer, an admin. */
interface Client {
  connect(): Promise<void>
  disconnect(): Promise<void>
}

export interface Renewed<C> {
  use<T>(work: (client: C) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const disconnectLimitMs = 5_000

/**
 * A client that is connected when it is first needed, and thrown away when anything that it does is rejected or takes too
 * long. kafkajs does not get over every lost connection; and after a rejection its idempotent producer counts wrong, so
 * that the broker takes the next message for the last one, says that it has it, and drops it.
 */
export function renewed<C extends Client>(make: () => Connected<C>, clock: Clock, limitMs: number): Renewed<C> {
  let current: (Connected<C> & { readonly connected: Promise<void> }) | undefined
  let isClosed = false

  function open() {
    const made = make()
    return { ...made, connected: made.client.connect() }
  }

  // Waits for what is still under way to another broker: nothing of it may come after what is sent next.
  async function end({ client, cut }: Connected<C>): Promise<void> {
    await within(clock, disconnectLimitMs, client.disconnect()).catch(() => {})
    cut()
  }

  return {
    async use(work) {
      // Who asks so late is on its way out, and nobody would close what is opened for it.
      if (isClosed) throw unavailable('the connection to Kafka is closed')
      current ??= open()
      const mine = current
      try {
        const done = mine.connected.then(() => work(mine.client)).then((result) => ({ result }))
        const inTime = await within(clock, limitMs, done)
        if (inTime) return inTime.result
        throw unavailable(`Kafka did not answer within ${limitMs} ms`)
      } catch (error) {
        if (current === mine) current = undefined
        await end(mine)
        throw error
      }
    },
    async close() {
      isClosed = true
      const last = current
      current = undefined
      if (last) await end(last)
    },
  }
}
