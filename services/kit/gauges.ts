/** Figures that lie in the database, as they are when somebody asks. */
import { Gauge, type Registry } from 'prom-client'

export interface Figure<Label extends string = string> {
  readonly labels?: Readonly<Record<Label, string>>
  readonly value: number
}

export interface GaugeFacts {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

/** Left out while they cannot be read, so that a scrape still has all the others: `trainyard_database_up` says why. */
export function addGauge(
  registry: Registry,
  { name, help, labelNames = [] }: GaugeFacts,
  read: () => Promise<readonly Figure[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const figures = await read().catch(() => [])
      this.reset()
      // A gauge without labels is 0 where nobody says otherwise.
      if (labelNames.length === 0) this.remove()
      for (const { labels = {}, value } of figures) this.set({ ...labels }, value)
    },
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
