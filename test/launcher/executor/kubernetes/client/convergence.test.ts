/** A watch through changes and faults in every order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import type { SeenJob } from '../../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { type ApiServer, type Fault, startApiServer } from './api-server.ts'
import { job, openTestCluster } from './clusters.ts'

type Happening = (server: ApiServer) => void

const refuse = (what: 'lists' | 'watches' | 'nothing'): Happening => {
  const refused: Fault = { status: 500 }
  return (server) => {
    server.fault = ({ query }) => ((query.has('watch') ? 'watches' : 'lists') === what ? refused : undefined)
  }
}
const faults: Record<string, Happening> = {
  end: (server) => server.endWatches(),
  reset: (server) => server.resetWatches(),
  mute: (server) => server.muteWatches(),
  forget: (server) => server.compact(),
  bookmark: (server) => server.bookmark(),
  nonsense: (server) => server.say('nonsense'),
  'refuse lists': refuse('lists'),
  'refuse watches': refuse('watches'),
  'refuse nothing': refuse('nothing'),
}

function take(happening: string, server: ApiServer): void {
  const [what, name = ''] = happening.split(' run-')
  if (what === 'put') server.put('jobs', job(`run-${name}`))
  else if (what === 'remove') server.remove('jobs', `run-${name}`)
  else faults[happening]?.(server)
}

const changes = [1, 2, 3, 4, 5].flatMap((index) => [`put run-${index}`, `remove run-${index}`])
const happenings = fc.array(fc.oneof(fc.constantFrom(...changes), fc.constantFrom(...Object.keys(faults))), {
  minLength: 5,
  maxLength: 25,
})

const versions = (jobs: readonly SeenJob[]): string[] =>
  jobs.map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`).sort()

test('whatever happens in whatever order, what a watch holds is right in the end, and every change was said', async (t) => {
  const server = await startApiServer(t)
  await fc.assert(
    fc.asyncProperty(happenings, async (happenings) => {
      server.fault = () => undefined
      const cluster = openTestCluster(t, server.kubeconfig, { silenceMs: 150, restMs: 20, longestPauseMs: 40 })
      /** What a listener that looks at what it is told of knows. */
      const known = new Map<string, SeenJob>()
      const watching = cluster.watchJobs((name) => {
        const now = watching.get(name)
        if (now) known.set(name, now)
        else known.delete(name)
      })
      await watching.synced
      for (const happening of happenings) {
        take(happening, server)
        await setImmediate()
      }
      server.fault = () => undefined
      server.put('jobs', job('run-last'))
      await eventually(async () => {
        const there = versions(await cluster.listJobs())
        assert.deepEqual(versions(watching.all()), there)
        assert.deepEqual(versions([...known.values()]), there)
        return true
      })
      await cluster.close()
    }),
    // To find a shorter way to the same failure would take minutes.
    { numRuns: 20, endOnFailure: true },
  )
})
