import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { cleanup, type Ending } from './cleanup.ts'
import { freePort } from './ports.ts'

/** A durable PostgreSQL of the test's own, that may be killed; `start` starts it again where it was. */
export async function ownPostgres(t: Ending) {
  const directory = await mkdtemp(join(tmpdir(), 'outage-'))
  const port = await freePort()
  const server = await startEmbeddedPostgres({ directory, durable: true, port })
  cleanup(t, async () => {
    await (await startEmbeddedPostgres({ directory, durable: true })).stop()
    await rm(server.home, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
  })
  return { server, start: () => startEmbeddedPostgres({ directory, durable: true, port }) }
}

export function killPostgres({ home }: EmbeddedPostgres): void {
  const [pid] = readFileSync(join(home, 'cluster', 'postmaster.pid'), 'utf8').split('\n')
  process.kill(Number(pid), 'SIGKILL')
}
