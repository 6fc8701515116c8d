import { Agent, request } from 'node:http'
import { startYard, type Yard } from '../harness/yard.ts'

/** Runs a measurement against services in a process of their own, and clears up after it. */
export async function withYard<T>(configuration: string, measure: (yard: Yard) => Promise<T>): Promise<T> {
  const undo: (() => unknown)[] = []
  const yard = startYard(
    { after: (step) => undo.push(step) },
    { configuration, variables: { TRAINYARD_LOG_LEVEL: 'info' } },
  )
  try {
    return await measure(await yard)
  } finally {
    for (const step of undo) await step()
  }
}

/** A lean client, since `fetch` would be the larger half of what is measured. */
export function makeClient(base: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const url = new URL(base)
  return {
    post: (path: string, contentType: string, body: string) =>
      new Promise<string>((resolve, reject) => {
        const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }
        const call = request(
          { agent, host: url.hostname, port: url.port, path, method: 'POST', headers },
          (response) => {
            let said = ''
            response.setEncoding('utf8')
            response.on('data', (text: string) => {
              said += text
            })
            response.on('end', () =>
              response.statusCode === 202 ? resolve(said) : reject(new Error(`${response.statusCode}: ${said}`)),
            )
          },
        )
        call.on('error', reject)
        call.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** Does `count` pieces of work with at most `inFlight` at once. */
export async function inParallel(
  count: number,
  inFlight: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}
