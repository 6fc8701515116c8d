import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../harness/ports.ts'
import { brokerJars } from './jars.ts'
import { type Format, formatNode } from './node.ts'
import type { Node } from './properties.ts'

export interface BrokerOptions {
  /** How many brokers the cluster has: one if nothing is said. */
  readonly nodes?: number
  /** What the brokers tell their clients as their port, where a proxy stands before them; of one node only. */
  readonly advertisedPort?: number
  /** Listeners beside the plain one, by security protocol, and their ports; of one node only. */
  readonly secured?: Readonly<Record<string, number>>
  /** Users that the broker knows from the start, as `--add-scram` takes them. */
  readonly scramUsers?: readonly string[]
  /** Broker settings beside the usual ones. */
  readonly properties?: Readonly<Record<string, string | number>>
}

export interface Broker {
  /** Where each node really listens, in order of their numbers from 1. */
  readonly brokers: readonly string[]
  readonly directory: string
  /** SIGKILL, of one node, or of all if none is named. */
  kill(node?: number): Promise<void>
  /** Starts what was killed, on the same ports and the same data, and resolves once it answers. */
  start(node?: number): Promise<void>
  /** SIGSTOP: its connections stay open and nothing is answered. */
  pause(node?: number): void
  resume(node?: number): void
  /** Ends everything and removes its files. */
  stop(): Promise<void>
}

/** A real Apache Kafka of the test's own, in the KRaft mode, empty, on free ports. It answers when this resolves. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { scramUsers = [], properties = {} } = options
  const jars = await brokerJars()
  const directory = await mkdtemp(join(tmpdir(), 'kafka-'))
  const cluster = await planned(options, directory)
  const format: Format = { jars, clusterId: randomBytes(16).toString('base64url'), scramUsers, properties }
  const nodes = await Promise.all(cluster.map((node) => formatNode(node, cluster, format)))

  const chosen = (id: number | undefined) => nodes.filter((node) => id === undefined || node.id === id)
  const start = async (id?: number) => {
    await Promise.all(chosen(id).map((node) => node.start()))
  }
  const kill = async (id?: number) => {
    await Promise.all(chosen(id).map((node) => node.kill()))
  }
  const signal = (id: number | undefined, name: NodeJS.Signals) => {
    for (const node of chosen(id)) node.signal(name)
  }

  await start()
  return {
    brokers: cluster.map(({ port }) => `127.0.0.1:${port}`),
    directory,
    start,
    kill,
    pause: (id) => signal(id, 'SIGSTOP'),
    resume: (id) => signal(id, 'SIGCONT'),
    async stop() {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function planned(options: BrokerOptions, directory: string): Promise<readonly Node[]> {
  const { nodes = 1, advertisedPort, secured = {} } = options
  const cluster: Node[] = []
  for (let id = 1; id <= nodes; id++) {
    const port = await freePort()
    cluster.push({
      id,
      port,
      controllerPort: await freePort(),
      advertisedPort: advertisedPort ?? port,
      directory: join(directory, `node-${id}`),
      secured,
    })
  }
  return cluster
}
