import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'

/** Tells whether programs live, wherever they run and whatever their process ids are there. The texts are for programs of `writeProgram`. */
export interface Hearts {
  /** Beats for as long as the program lives. */
  readonly beating: string
  /** Beats, and goes on only when it is told to. */
  readonly beatingUntilTold: string
  /** A child beats that goes into a session of its own and does not listen to SIGTERM. */
  readonly childBeating: string
  letGo(): void
  /** Resolves once so many began. */
  begun(count?: number): Promise<void>
  /** Resolves once none beats any more: to when the last one did. */
  stopped(): Promise<number>
}

export async function listenForHearts(t: Ending): Promise<Hearts> {
  const sockets = new Set<Socket>()
  let hearts = 0
  let lastBeatMs = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    hearts += 1
    socket.on('data', (data) => {
      lastBeatMs = Math.max(lastBeatMs, ...data.toString().trim().split('\n').map(Number))
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup(t, () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  const beating = `const heart = (await import('node:net')).connect(${port}, '127.0.0.1')
    heart.on('error', () => {})
    const beat = setInterval(() => heart.write(Date.now() + '\\n'), 5)`
  const child = `process.on('SIGTERM', () => {}); (async () => { ${beating} })()`
  return {
    beating,
    beatingUntilTold: `${beating}
    await new Promise((told) => heart.once('data', told))
    clearInterval(beat)
    heart.destroy()`,
    childBeating: `spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true, stdio: 'ignore' }).unref()`,
    letGo() {
      for (const socket of sockets) socket.write('go')
    },
    begun: async (count = 1) => void (await eventually(() => hearts >= count, { what: `${count} beating hearts` })),
    async stopped() {
      await eventually(() => sockets.size === 0, { what: 'the end of every heart' })
      return lastBeatMs
    },
  }
}
