import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../services/kit/store/embedded.ts'
import { cleanup, withCleanup } from '../../harness/cleanup.ts'
import { startYard, type Yard } from '../../harness/yard.ts'
import { startBroker } from '../../kafka/broker/broker.ts'
import { type Platform, preparePlatform } from '../../kafka/platform.ts'

const partitions = 6

export interface Ground extends Platform {
  readonly brokers: readonly string[]
  /** Straight to the database, past the services. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /**
   * Services in a process of their own, on this broker and this database, and with the data directory that all share.
   * @param entry all of them, if nothing is said
   */
  start(configuration: string, entry?: string): Promise<Yard>
}

/** A broker and a PostgreSQL of the benchmark's own, on disk as in earnest, and everything that was started on them. */
export async function onGround<T>(measure: (ground: Ground) => Promise<T>): Promise<T> {
  return await withCleanup(async (t) => {
    const broker = await startBroker()
    cleanup(t, () => broker.stop())
    const { brokers } = broker
    const platform = await preparePlatform(t, brokers, { alone: true, partitions })

    const directory = await mkdtemp(join(tmpdir(), 'bench-'))
    cleanup(t, () => rm(directory, { recursive: true, force: true }))
    const postgres = await startEmbeddedPostgres({ directory, durable: true })
    cleanup(t, () => postgres.stop())

    const pool = new pg.Pool({ connectionString: postgres.url })
    // It says that it has ended before its connections have, and PostgreSQL may stop in between.
    pool.on('error', () => {})
    cleanup(t, () => pool.end())

    return await measure({
      ...platform,
      brokers,
      query: async (text, values = []) => (await pool.query(text, [...values])).rows,
      start: (configuration, entry = 'services/all.ts') =>
        startYard(t, {
          entry,
          configuration,
          variables: { ...platform.variables, TRAINYARD_DATA_DIR: directory },
          postgres: new URL(postgres.url),
        }),
    })
  })
}
