import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Broker, type BrokerOptions, startBroker } from './broker.ts'
import { correlationOf, makeFrames, requestOf } from './frames.ts'

/** The numbers by which the protocol knows its requests. */
export const api = { produce: 0 } as const

interface Proxy {
  readonly port: number
  /** Where it leads, from now on: `host:port`. */
  leadTo(target: string): void
  /** How many replies were lost so far. */
  readonly lostReplies: number
  /**
   * From now on the broker's replies to such requests are lost, after it has done what they ask: the connection ends in
   * place of the reply.
   */
  loseReplies(api: number, options?: { count?: number }): void
  /** Ends all connections, and takes no new ones. */
  cut(): void
  /** From now on everything goes through, at once. */
  heal(): void
  close(): Promise<void>
}

interface Trouble {
  api?: number
  count: number
  refuses: boolean
}

const noTrouble: Trouble = { count: 0, refuses: false }

/** What stands between clients and a broker that tells them the proxy's port as its own (`advertisedPort`). */
async function startProxy(): Promise<Proxy> {
  let host = ''
  let targetPort = 0
  const sockets = new Set<Socket>()
  let trouble = { ...noTrouble }
  let lostReplies = 0

  function adopt(socket: Socket, partner: Socket): void {
    sockets.add(socket)
    socket.setNoDelay(true)
    // A connection that breaks on one side ends on the other; why it broke is for whoever holds that side.
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      partner.destroy()
    })
  }

  function isLost(asked: number | undefined): boolean {
    if (asked === undefined || asked !== trouble.api || trouble.count === 0) return false
    trouble.count -= 1
    lostReplies += 1
    return true
  }

  const server = createServer((client) => {
    if (trouble.refuses) {
      client.destroy()
      return
    }
    const broker = connect(targetPort, host)
    adopt(client, broker)
    adopt(broker, client)
    const asked = new Map<number, number>()
    const requests = makeFrames()
    const replies = makeFrames()

    client.on('data', (chunk) => {
      for (const frame of requests(chunk)) {
        const request = requestOf(frame)
        asked.set(request.correlation, request.api)
        broker.write(frame)
      }
    })
    broker.on('data', (chunk) => {
      for (const frame of replies(chunk)) {
        const correlation = correlationOf(frame)
        const lost = isLost(asked.get(correlation))
        asked.delete(correlation)
        if (lost) client.destroy()
        else if (!client.destroyed) client.write(frame)
      }
    })
  })

  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const end = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    leadTo(target) {
      const [name = '', number = ''] = target.split(':')
      host = name
      targetPort = Number(number)
    },
    get lostReplies() {
      return lostReplies
    },
    loseReplies(lost, { count = Number.POSITIVE_INFINITY } = {}) {
      trouble = { ...trouble, api: lost, count }
    },
    cut() {
      trouble = { ...trouble, refuses: true }
      end()
    },
    heal() {
      trouble = { ...noTrouble }
    },
    async close() {
      end()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A broker that clients reach through a proxy alone. */
export async function startBehindProxy(
  options: BrokerOptions = {},
): Promise<{ brokers: readonly string[]; broker: Broker; proxy: Proxy; stop(): Promise<void> }> {
  // First, so that nobody else takes its port while the broker starts.
  const proxy = await startProxy()
  const broker = await startBroker({ ...options, advertisedPort: proxy.port })
  const [target = ''] = broker.brokers
  proxy.leadTo(target)
  return {
    brokers: [`127.0.0.1:${proxy.port}`],
    broker,
    proxy,
    async stop() {
      await proxy.close()
      await broker.stop()
    },
  }
}
