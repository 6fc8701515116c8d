/** Figures that lie in the database, as they are when somebody asks. */
import { setTimeout as pause } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'

export interface Figure<Label extends string = string> {
  readonly labels?: Readonly<Record<Label, string>>
  readonly value: number
}

export interface GaugeFacts {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

/** A scrape has some ten seconds, and a database that is silent takes all that it is given. */
const limitMs = 3_000

/**
 * Left out while they cannot be read in time, so that a scrape still has all the others; and counted then: an alert on a
 * figure that is not there is silent.
 */
export function addGauge(
  registry: Registry,
  { name, help, labelNames = [] }: GaugeFacts,
  read: () => Promise<readonly Figure[]>,
): void {
  const unread = unreadOf(registry)
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const figures = await inTime(read())
      this.reset()
      if (figures === undefined) unread.inc({ figure: name })
      // A gauge without labels is 0 where nobody says otherwise.
      if (labelNames.length === 0) this.remove()
      for (const { labels = {}, value } of figures ?? []) this.set({ ...labels }, value)
    },
  })
}

async function inTime<T>(read: Promise<T>): Promise<T | undefined> {
  const enough = new AbortController()
  const late = pause(limitMs, undefined, { ref: false, signal: enough.signal }).catch(() => undefined)
  try {
    return await Promise.race([read.catch(() => undefined), late])
  } finally {
    enough.abort()
  }
}

function unreadOf(registry: Registry): Counter {
  const known = registry.getSingleMetric('trainyard_figures_unread_total')
  if (known instanceof Counter) return known
  return new Counter({
    name: 'trainyard_figures_unread_total',
    help: 'How often a figure was left out of a scrape, since the database did not give it in time.',
    labelNames: ['figure'],
    registers: [registry],
  })
}

/** A scrape collects all gauges at once: one question answers those that share it. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined
    })
    return asked
  }
}
