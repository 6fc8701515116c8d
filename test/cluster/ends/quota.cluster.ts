/** A namespace whose quota is used up: attempts wait, say for what, and go on once there is room. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { watchAttempts } from '../witness.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'
import { refusalOf } from './dry-run.ts'
import { attemptsOf, endOf, jobType, placements, stands, train } from './given.ts'

const configuration = `jobTypes:\n${jobType('intents')}${placements}`

/** In force when this resolves. */
async function makeQuota(here: ClusterYard, resource: 'pods' | 'jobs', hard: object) {
  const { admin } = here.cluster
  const path = `/api/v1/namespaces/${here.namespace}/resourcequotas`
  await admin.create(path, { metadata: { name: 'full' }, spec: { hard } })
  await eventually(async () => (await refusalOf(here, resource, 'intents'))?.includes('exceeded quota'), {
    what: 'the quota being in force',
  })
  return { raise: () => admin.remove(`${path}/full`) }
}

async function waitsOut(t: TestContext, resource: 'pods' | 'jobs', hard: object, words: RegExp) {
  const here = await startClusterYard(t, { configuration })
  const witness = watchAttempts(t, here.cluster, here.namespace)
  const quota = await makeQuota(here, resource, hard)
  const run = await train(here.yard, 'intents')
  await stands(here.yard, run, words)
  await quota.raise()
  const { state, attempts } = await endOf(here.yard, run)
  assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['done']])
  await witness.check()
  return { ...here, run }
}

describe('a quota that is used up is waited for, at no cost:', { concurrency: true }, () => {
  test('of Jobs', async (t) => {
    await waitsOut(t, 'jobs', { 'count/jobs.batch': '0' }, /^can't be started yet: .*exceeded quota: full/)
  })

  test('of pods, and the record of the attempt says so afterwards', async (t) => {
    const words = /^its pod is refused, since the quota is used up: .*exceeded quota: full/
    const { yard, run } = await waitsOut(t, 'pods', { pods: '0' }, words)
    await eventually(
      async () => {
        const [attempt] = await attemptsOf(yard, run)
        return attempt?.remarks.some((remark) => remark.words.startsWith('Job FailedCreate: '))
      },
      { what: 'the refusal in the record' },
    )
  })

  test('of GPUs', async (t) => {
    await waitsOut(
      t,
      'pods',
      { 'requests.nvidia.com/gpu': '0' },
      /^its pod is refused, since the quota is used up: .*nvidia\.com\/gpu/,
    )
  })
})
