import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { connect } from 'node:tls'
import type { Names } from './files.ts'

/** Whether a part of the control plane says of itself that it is ready. */
export async function isReady(port: number, names: Names, path = '/healthz'): Promise<boolean> {
  const ca = await readFile(names.authority)
  return await new Promise((resolve, reject) => {
    get(`https://127.0.0.1:${port}${path}`, { ca, agent: false, timeout: 2_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
      .once('error', reject)
      .once('timeout', () => reject(new Error(`no answer on port ${port}`)))
  })
}

/** The fingerprint of what a server shows now, whoever signed it. */
export async function shownCertificate(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().fingerprint256
  } finally {
    socket.destroy()
  }
}
