import type { Consumer } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'

/** Tells Kafka how far a group is. Only those who watch its lag look at that, so it is told now and then. */
export interface Commits {
  note(topic: string, partition: number, offset: number): void
  flush(): Promise<void>
}

const everyMs = 1_000

export function makeCommits(consumer: Consumer, clock: Clock, log: Logger): Commits {
  const noted = new Map<string, { topic: string; partition: number; offset: string }>()
  let waiting = false

  async function flush(): Promise<void> {
    const offsets = [...noted.values()]
    noted.clear()
    if (offsets.length === 0) return
    await consumer
      .commitOffsets(offsets)
      .catch((error: unknown) => log.debug({ error: messageOf(error) }, 'offsets are not committed to Kafka'))
  }

  return {
    note(topic, partition, offset) {
      noted.set(`${topic}/${partition}`, { topic, partition, offset: String(offset) })
      if (waiting) return
      waiting = true
      void clock.sleep(everyMs).then(() => {
        waiting = false
        return flush()
      })
    },
    flush,
  }
}
