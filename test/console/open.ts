import type { TestContext } from 'node:test'
import { console } from '../../services/console/main.ts'
import { testKit } from '../harness/kit.ts'
import { type GivenEvent, messageOf } from './given.ts'

/** The console on a database of its own, with a history. */
export async function openConsole(t: TestContext, history: readonly GivenEvent[] = []) {
  const kit = await testKit(t, console)
  const tell = (...events: readonly GivenEvent[]) => kit.deliverRaw(events.map(messageOf))
  if (history.length > 0) await tell(...history)
  return {
    kit,
    /** Delivers more events, as one batch. */
    tell,
    async get(url: string) {
      const response = await kit.inject({ url, headers: { host: 'localhost' } })
      return { status: response.statusCode, body: response.json() }
    },
    async post(url: string, payload: object) {
      const response = await kit.inject({ method: 'POST', url, headers: { host: 'localhost' }, payload })
      return { status: response.statusCode, body: response.json() }
    },
  }
}
