/** One broker of a cluster: where it lies and where it listens. */
export interface Node {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
  /** Where clients are told to find it: its own port, or that of a proxy before it. */
  readonly advertisedPort: number
  readonly directory: string
  /** Listeners beside the plain one: the security protocol, which is their name as well, and the port. */
  readonly secured: Readonly<Record<string, number>>
}

/** The configuration of a node that is broker and controller at once, as small and as quick as a test wants it. */
export function propertiesOf(node: Node, cluster: readonly Node[]): Readonly<Record<string, string | number>> {
  const secured = Object.entries(node.secured).map(([protocol, port]) => `,${protocol}://127.0.0.1:${port}`)
  const protocols = Object.keys(node.secured).map((protocol) => `,${protocol}:${protocol}`)
  const copies = cluster.length
  const copiesInSync = Math.min(2, copies)
  return {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': cluster.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(),
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}${secured.join('')}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.advertisedPort}${secured.join('')}`,
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT${protocols.join('')}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': `${node.directory}/data`,
    // A topic that nobody made is a mistake that a test must see.
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': copiesInSync,
    'min.insync.replicas': copiesInSync,
    // A killed broker's place is given up soon: to its successor with three nodes, to itself after a new start.
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 2_000,
    // Groups form at once, and a test may let a member die within a second.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'log.cleaner.backoff.ms': 500,
    'log.cleaner.dedupe.buffer.size': 2 * 1024 * 1024,
    'log.retention.check.interval.ms': 1_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
  }
}

export function asText(properties: Readonly<Record<string, string | number>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
