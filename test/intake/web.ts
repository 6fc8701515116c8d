/** Datasets that lie on the web, for tests of intake. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { TestKit } from '../harness/kit.ts'
import { configurationOf, get } from './yard.ts'

export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A configuration that lets datasets be fetched from there. */
export const allowing = (url: string, more = '') =>
  configurationOf({}, `datasetSources: [{ prefix: '${url}/data/', allowPrivateAddresses: true }]\n${more}`)

export async function endOf(kit: TestKit, signal: string): Promise<{ end: string | null; reason: string | null }> {
  const { body } = await get(kit, `/signals/${signal}`)
  return { end: body.end, reason: body.reason }
}
