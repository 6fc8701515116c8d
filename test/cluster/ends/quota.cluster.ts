/** A namespace whose quota is used up: attempts wait, say for what, and go on once there is room. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { takeCensus } from '../census.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'
import { endOf, jobType, placements, stands, train } from './given.ts'

const configuration = `jobTypes:\n${jobType('intents')}${placements}`

interface Quota {
  readonly status?: { readonly used?: object }
}

async function makeQuota({ cluster: { admin }, namespace }: ClusterYard, hard: object) {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`
  await admin.create(path, { metadata: { name: 'full' }, spec: { hard } })
  await eventually(async () => (await admin.get<Quota>(`${path}/full`)).status?.used)
  return { raise: () => admin.remove(`${path}/full`) }
}

async function waitsOut(t: TestContext, hard: object, words: RegExp): Promise<void> {
  const here = await startClusterYard(t, { configuration })
  const census = takeCensus(t, here.cluster, here.namespace)
  const quota = await makeQuota(here, hard)
  const run = await train(here.yard, 'intents')
  await stands(here.yard, run, words)
  await quota.raise()
  const { state, attempts } = await endOf(here.yard, run)
  assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['done']])
  await census.check()
}

describe('a quota that is used up is waited for, at no cost:', { concurrency: true }, () => {
  test('of Jobs', (t) => waitsOut(t, { 'count/jobs.batch': '0' }, /^can't be started yet: .*exceeded quota: full/))

  test('of pods', (t) =>
    waitsOut(t, { pods: '0' }, /^its pod is refused, since the quota is used up: .*exceeded quota: full/))

  test('of GPUs', (t) =>
    waitsOut(
      t,
      { 'requests.nvidia.com/gpu': '0' },
      /^its pod is refused, since the quota is used up: .*nvidia\.com\/gpu/,
    ))
})
