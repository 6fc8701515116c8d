import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { cleanup, type Ending } from '../harness/cleanup.ts'

/** What lies between a client and the API server, and can fail in every way that a network does. */
export interface Wire {
  readonly url: string
  /** How many connections there have been. */
  made(): number
  /** The connections that there are carry no answers any more, and stay open. New ones are well. */
  swallow(): void
  /** Ends all connections; new ones are ended, too, until `mend`. */
  cut(): void
  mend(): void
}

export async function layWire(t: Ending, target: string): Promise<Wire> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<[client: Socket, server: Socket]>()
  let made = 0
  let whole = true

  const listener = createServer((client) => {
    made += 1
    const server = connect(Number(port), hostname)
    const pair: [Socket, Socket] = [client, server]
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => end(pair))
    }
    client.pipe(server)
    server.pipe(client)
    if (!whole) end(pair)
  })

  function end(pair: [Socket, Socket]): void {
    pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }

  await once(listener.listen(0, '127.0.0.1'), 'listening')
  cleanup(t, async () => {
    listener.close()
    for (const pair of pairs) end(pair)
  })
  return {
    url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    made: () => made,
    swallow() {
      for (const [client, server] of pairs) server.unpipe(client).resume()
    },
    cut() {
      whole = false
      for (const pair of pairs) end(pair)
    },
    mend() {
      whole = true
    },
  }
}
