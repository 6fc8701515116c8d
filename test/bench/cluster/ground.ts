import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../../services/kit/random.ts'
import { type Database, openDatabase } from '../../../services/kit/store/database.ts'
import { startEmbeddedPostgres } from '../../../services/kit/store/embedded.ts'
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane.ts'
import { makeLauncherAccount } from '../../cluster/launcher-account.ts'
import { makeNamespace } from '../../cluster/namespaces.ts'
import { inContainers, settingsOf } from '../../cluster/yard.ts'
import { cleanup, type Ending, withCleanup } from '../../harness/cleanup.ts'
import { freePort } from '../../harness/ports.ts'
import { startYard, type Yard, type YardOptions } from '../../harness/yard.ts'
import { type Audit, auditFlags, readAudit } from './audit.ts'
import { openPooledClient, type PooledClient } from './pooled.ts'

export interface Ground {
  readonly t: Ending
  readonly controlPlane: ControlPlane
  /** Where the services' Jobs are. */
  readonly namespace: string
  /** The services' own, past them. */
  readonly database: Database
  /** The calls of the launcher from now on. */
  audit(): Promise<Audit>
  /** Services in a process of their own, with attempts as Jobs: all of them, if no entry is named. */
  start(configuration: string, options?: Pick<YardOptions, 'entry' | 'variables'>): Promise<Yard>
  /** client-node with a namespace and an account of its own. */
  bare(): Promise<PooledClient>
}

export interface GroundOptions {
  /** Has the API server write down who asked what. */
  readonly audited?: boolean
  /**
   * Nobody makes pods of Jobs, once the namespaces are there: where it is measured how Jobs come to be, on a machine that has
   * to be the whole cluster too, what comes after them would be the larger part.
   */
  readonly jobsOnly?: boolean
}

/** A control plane and a PostgreSQL of the benchmark's own. There are no nodes: Jobs get their pods, and these wait. */
export async function onCluster<T>(
  measure: (ground: Ground) => Promise<T>,
  { audited = false, jobsOnly = false }: GroundOptions = {},
): Promise<T> {
  return await withCleanup(async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-'))
    cleanup(t, () => rm(directory, { recursive: true, force: true }))
    const auditLog = join(directory, 'audit.log')
    const controlPlane = await startControlPlane(audited ? { apiServer: await auditFlags(directory, auditLog) } : {})
    cleanup(t, () => controlPlane.shutDown())
    const postgres = await startEmbeddedPostgres({ directory, durable: true })
    cleanup(t, () => postgres.stop())
    const database = openDatabase({ url: postgres.url, maximumConnections: 4, random: systemRandom })
    cleanup(t, () => database.close())

    // The control plane goes as a whole, and what is in it need not go before.
    const namespace = await makeNamespace(nothing, controlPlane)
    const account = await makeLauncherAccount(nothing, controlPlane, namespace)
    const variables = settingsOf({
      kubeconfig: await controlPlane.kubeconfigFor(account),
      namespace,
      port: await freePort(),
    })
    const bareNamespace = await makeNamespace(nothing, controlPlane)
    if (jobsOnly) await Promise.all([controlPlane.controllerManager.stop(), controlPlane.scheduler.stop()])
    return await measure({
      t,
      controlPlane,
      namespace,
      database,
      audit: () => readAudit(auditLog, account),
      start: (configuration, options = {}) =>
        startYard(t, {
          ...options,
          configuration: inContainers(configuration),
          variables: {
            ...variables,
            TRAINYARD_LOG_LEVEL: 'info',
            TRAINYARD_DATA_DIR: directory,
            ...options.variables,
          },
          postgres: new URL(postgres.url),
        }),
      async bare() {
        const bareAccount = await makeLauncherAccount(nothing, controlPlane, bareNamespace)
        const client = openPooledClient(await controlPlane.kubeconfigFor(bareAccount), bareNamespace)
        cleanup(t, () => client.close())
        return client
      },
    })
  })
}

const nothing: Ending = { after() {} }
