/** What a service is: what it consumes, serves and does again and again, made from what the kit gives it. */
import type { Registry } from 'prom-client'
import type { Topic } from '../../schemas/catalogue.ts'
import type { Configuration } from '../../schemas/configuration.ts'
import type { Blobs } from './blobs/blobs.ts'
import type { RawMessage } from './bus/bus.ts'
import type { ReceivedEvent } from './bus/events.ts'
import type { Cause, Outbox } from './bus/outbox.ts'
import type { Clock } from './clock.ts'
import type { Environment } from './environment.ts'
import type { HttpApp } from './http/app.ts'
import type { Logger } from './log.ts'
import type { Loop, RunningLoop } from './loop.ts'
import type { Random } from './random.ts'
import type { Database, Transaction } from './store/database.ts'

export type ServiceName = 'intake' | 'launcher' | 'evaluator' | 'promoter' | 'console'

/** Understands Trainyard's own events. State, outbox and offset share the transaction; natural keys make it safe to repeat. */
export interface EventConsumer {
  readonly kind: 'events'
  readonly group: string
  readonly topics: readonly Topic[]
  handle(transaction: Transaction, events: readonly ReceivedEvent[]): Promise<void>
}

/** Takes messages as they are, as from a platform's own topics. */
export interface RawConsumer {
  readonly kind: 'raw'
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'beginning' | 'end'
  handle(transaction: Transaction, messages: readonly RawMessage[]): Promise<void>
}

export interface ServiceParts {
  routes?(app: HttpApp): void
  readonly consumers?: readonly (EventConsumer | RawConsumer)[]
  readonly loops?: readonly RunningLoop[]
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
  readonly metrics: Registry
  /** How others reach this server; known once it listens, so ask late. */
  publicUrl(): string
  /** How programs on this machine reach it, whatever stands in front of it. Known once it listens, too. */
  localUrl(): string
  /** The beginning of a chain of causes: a request by HTTP, a schedule's tick. */
  origin(traceparent?: string): Cause
  loop(name: string, pollMs: number, work: Loop['work']): RunningLoop
  /** A named place where a test may kill the process. Costs nothing otherwise. */
  point(name: string): Promise<void>
}

export interface ServiceDefinition {
  readonly name: ServiceName
  readonly migrations: URL
  build(kit: Kit): ServiceParts | Promise<ServiceParts>
}
