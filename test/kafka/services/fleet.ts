import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceName } from '../../../services/kit/service.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { emptyDatabase } from '../../harness/database.ts'
import { startYard, type Yard } from '../../harness/yard.ts'

/** The processes of each service. */
export type Fleet = Readonly<Record<ServiceName, readonly [Yard, Yard]>>

/**
 * Each service as a process of its own, two of each, on one database. The launchers share a data directory, where the
 * attempts are.
 */
export async function startFleet(
  t: Ending,
  configuration: string,
  kafka: Readonly<Record<string, string>>,
): Promise<Fleet> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'fleet-'))
  cleanup(t, () => rm(dataDirectory, { recursive: true, force: true }))
  const postgres = new URL(await emptyDatabase(t))
  const variables = { ...kafka, TRAINYARD_DATA_DIR: dataDirectory, TRAINYARD_DATABASE_CONNECTIONS: '8' }
  const start = (service: ServiceName) =>
    startYard(t, { entry: `services/${service}/main.ts`, configuration, postgres, variables })
  const two = async (service: ServiceName): Promise<readonly [Yard, Yard]> =>
    await Promise.all([start(service), start(service)])
  const [intake, launcher, evaluator, promoter, console] = await Promise.all([
    two('intake'),
    two('launcher'),
    two('evaluator'),
    two('promoter'),
    two('console'),
  ])
  return { intake, launcher, evaluator, promoter, console }
}
