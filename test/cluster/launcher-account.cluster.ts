import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from './client.ts'
import { createJob } from './jobs.ts'
import { launcherRightsShipped, makeLauncherAccount } from './launcher-account.ts'
import { makeNamespace } from './namespaces.ts'
import { sharedCluster } from './shared.ts'

test('an account with the rights of the launcher does what they are for, and one with one less is refused just that', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`
  const whole = await cluster.clientFor(await makeLauncherAccount(t, cluster, namespace))
  await createJob({ ...cluster, admin: whole }, namespace, { name: 'mine' })
  await whole.get('/api/v1/nodes')

  const right = { group: 'batch', resource: 'jobs', verb: 'delete' }
  const less = await cluster.clientFor(await makeLauncherAccount(t, cluster, namespace, right))
  await less.get(jobs)
  await assert.rejects(less.remove(`${jobs}/mine`), (error) => error instanceof Refusal && error.status === 403)
  await whole.remove(`${jobs}/mine`)
  for (const client of [whole, less]) client.close()
  assert.ok(launcherRightsShipped.some(({ resource, verb }) => resource === 'nodes' && verb === 'list'))
})
