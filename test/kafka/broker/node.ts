import type { ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endBy } from '../../harness/process.ts'
import { java, startJava } from './process.ts'
import { asText, type Node, propertiesOf } from './properties.ts'

export interface RunningNode {
  readonly id: number
  start(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** SIGKILL, whatever state it is in. */
  kill(): Promise<void>
}

export interface Format {
  readonly jars: string
  readonly clusterId: string
  readonly scramUsers: readonly string[]
  /** Settings beside the usual ones. */
  readonly properties: Readonly<Record<string, string | number>>
}

/** Makes the node's empty storage. It does not run yet. */
export async function formatNode(node: Node, cluster: readonly Node[], format: Format): Promise<RunningNode> {
  const { jars, clusterId, scramUsers, properties } = format
  const file = join(node.directory, 'server.properties')
  await mkdir(node.directory)
  await writeFile(file, asText({ ...propertiesOf(node, cluster), ...properties }))
  const users = scramUsers.map((user) => `--add-scram=${user}`)
  await java(jars, ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, `--config=${file}`, ...users])

  let child: ChildProcess | undefined
  return {
    id: node.id,
    async start() {
      if (child) throw new Error(`broker ${node.id} runs already`)
      const log = join(node.directory, 'server.log')
      child = await startJava(jars, ['kafka.Kafka', file], { log, ready: 'Kafka Server started' })
    },
    signal(name) {
      child?.kill(name)
    },
    async kill() {
      const victim = child
      child = undefined
      if (victim) await endBy(victim, 'SIGKILL')
    },
  }
}
