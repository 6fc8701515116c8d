import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectOverTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import { unavailable } from '../../errors.ts'

export interface Sockets {
  readonly factory: ISocketFactory
  /** Ends them all, and lets no other be made. */
  cut(): void
}

const keepAliveMs = 60_000
const closed = () => unavailable('the connection to Kafka is closed')

/**
 * The connections of one client. kafkajs goes on with what it had begun when it is told to disconnect: it may connect
 * anew, to ask for metadata, and would then stay.
 */
export function makeSockets(): Sockets {
  const open = new Set<Socket>()
  let isCut = false

  return {
    factory({ host, port, ssl, onConnect }) {
      if (isCut) throw closed()
      const name = isIP(host) ? {} : { servername: host }
      const socket = ssl
        ? connectOverTls({ host, port, ...name, ...ssl }, onConnect)
        : connectPlain({ host, port }, onConnect)
      socket.setKeepAlive(true, keepAliveMs)
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    cut() {
      isCut = true
      // kafkajs hears of an error alone, and would else take itself for connected, and look after that for ever.
      for (const socket of open) socket.destroy(closed())
    },
  }
}
