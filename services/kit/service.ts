/** What a service is: what it consumes, serves and does again and again, made from what the kit gives it. */
import type { Registry } from 'prom-client'
import type { EventName, Topic } from '../../schemas/catalogue.ts'
import type { Configuration } from '../../schemas/configuration.ts'
import type { Blobs } from './blobs/blobs.ts'
import type { Bus } from './bus/bus.ts'
import type { Handling } from './bus/consumer.ts'
import type { ReceivedEvent } from './bus/events.ts'
import type { Cause, Outbox } from './bus/outbox.ts'
import type { Recall } from './bus/recall.ts'
import type { Clock } from './clock.ts'
import type { Environment } from './environment.ts'
import type { HttpApp } from './http/app.ts'
import type { Logger } from './log.ts'
import type { Loop, RunningLoop } from './loop.ts'
import type { Random } from './random.ts'
import type { ReadAvro } from './schema-registry/avro.ts'
import type { Database, Transaction } from './store/database.ts'

export const serviceNames = ['intake', 'launcher', 'evaluator', 'promoter', 'console'] as const
export type ServiceName = (typeof serviceNames)[number]

/** Understands Trainyard's own events. State, outbox and offset share the transaction; natural keys make it safe to repeat. */
export interface EventConsumer {
  readonly kind: 'events'
  readonly group: string
  readonly topics: readonly Topic[]
  /** Of what nobody waits for: the pause after a small batch, in which news gathers for one transaction. */
  readonly gatherMs?: number
  /** The same while so much comes that nobody follows each of it. */
  readonly busyGatherMs?: number
  /** For these somebody waits: no pause is made after a batch with one of them. */
  readonly urgent?: readonly EventName[]
  handle(transaction: Transaction, events: readonly ReceivedEvent[]): Promise<void>
}

/** Takes messages as they are, as from a platform's own topics. */
export interface RawConsumer extends Handling {
  readonly kind: 'raw'
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'beginning' | 'end'
}

export interface ServiceParts {
  routes?(app: HttpApp): void
  readonly consumers?: readonly (EventConsumer | RawConsumer)[]
  readonly loops?: readonly RunningLoop[]
  /** Before anything else, HTTP included: learns the numbers that were given out and forgotten. */
  recall?(recall: Recall): Promise<void>
  start?(): Promise<void>
  stop?(): Promise<void>
}

/** Everything that a service may use; nothing else is reachable from it. */
export interface Kit {
  readonly environment: Environment
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly database: Database
  readonly blobs: Blobs
  readonly outbox: Outbox
  /** Reads what others wrote in Avro; asks the schema registry, so never within a transaction. */
  readonly readAvro: ReadAvro
  readonly peek: Bus['peek']
  readonly metrics: Registry
  /** How others reach this server; known once it listens, so ask late. */
  publicUrl(): string
  /** How programs on this machine reach it, whatever stands in front of it. Known once it listens, too. */
  localUrl(): string
  /** The beginning of a chain of causes: a request by HTTP, a schedule's tick. */
  origin(traceparent?: string): Cause
  loop(name: string, pollMs: number, work: Loop['work']): RunningLoop
  /** Ends the process in order, with exit code 1: this is for a person to mend. */
  fail(error: unknown): void
  /** A named place where a test may kill the process. Costs nothing otherwise. */
  point(name: string): Promise<void>
}

export interface ServiceDefinition {
  readonly name: ServiceName
  readonly migrations: URL
  build(kit: Kit): ServiceParts | Promise<ServiceParts>
}
