/** The cluster's own rules refuse what an attempt is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { watchAttempts } from '../witness.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'
import { refusalOf } from './dry-run.ts'
import { endOf, jobType, placements, stands, train } from './given.ts'

const api = '/apis/admissionregistration.k8s.io/v1'

interface Rule {
  readonly resource: 'pods' | 'jobs'
  readonly jobType: string
  readonly reason?: 'Forbidden'
}

/** A policy that refuses objects of the job type; in force when this resolves. */
async function refuse(t: Ending, here: ClusterYard, { resource, jobType, reason }: Rule) {
  const { cluster, namespace } = here
  const { admin } = cluster
  const name = `${namespace}-${jobType}`
  const label = "object.metadata.?labels['trainyard.dev/job-type'].orValue('')"
  await admin.create(`${api}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [
          {
            apiGroups: [resource === 'pods' ? '' : 'batch'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: [resource],
          },
        ],
      },
      validations: [
        { expression: `${label} != '${jobType}'`, message: `no ${jobType} here`, ...(reason ? { reason } : {}) },
      ],
    },
  })
  await admin.create(`${api}/validatingadmissionpolicybindings`, {
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  })
  let isLifted = false
  async function lift(): Promise<void> {
    if (isLifted) return
    isLifted = true
    await admin.remove(`${api}/validatingadmissionpolicybindings/${name}`)
    await admin.remove(`${api}/validatingadmissionpolicies/${name}`)
  }
  cleanup(t, lift)
  await eventually(async () => (await refusalOf(here, resource, jobType))?.includes(`no ${jobType} here`), {
    what: 'the policy being in force',
  })
  return { lift }
}

test("a cluster's rules refuse attempts", { concurrency: true }, async (t) => {
  const jobTypes = ['pods-refused', 'jobs-refused', 'jobs-forbidden']
  const configuration = `jobTypes:\n${jobTypes.map((name) => jobType(name)).join('')}${placements}`
  const here = await startClusterYard(t, { configuration })
  const witness = watchAttempts(t, here.cluster, here.namespace)
  const outcomesOf = ({ state, attempts }: Awaited<ReturnType<typeof endOf>>) => [
    state,
    ...attempts.map(({ outcome }) => outcome),
  ]

  await Promise.all([
    t.test('a pod that is refused is waited for, with the words of the rule, until the rule is lifted', async (t) => {
      const rule = await refuse(t, here, { resource: 'pods', jobType: 'pods-refused' })
      const run = await train(here.yard, 'pods-refused')
      await stands(here.yard, run, /^its pod is refused: .*no pods-refused here/)
      await rule.lift()
      assert.deepEqual(outcomesOf(await endOf(here.yard, run)), ['succeeded', 'done'])
    }),
    t.test('a Job that the cluster calls wrong fails at once, with the words of the rule', async (t) => {
      await refuse(t, here, { resource: 'jobs', jobType: 'jobs-refused' })
      const end = await endOf(here.yard, await train(here.yard, 'jobs-refused'))
      assert.deepEqual(outcomesOf(end), ['failed', 'badInput'])
      assert.match(end.attempts[0]?.reason ?? '', /no jobs-refused here/)
    }),
    t.test('a Job that is forbidden is tried again until it is allowed', async (t) => {
      const rule = await refuse(t, here, { resource: 'jobs', jobType: 'jobs-forbidden', reason: 'Forbidden' })
      const run = await train(here.yard, 'jobs-forbidden')
      await stands(here.yard, run, /^can't be started yet: .*no jobs-forbidden here/)
      await rule.lift()
      assert.deepEqual(outcomesOf(await endOf(here.yard, run)), ['succeeded', 'done'])
    }),
  ])
  await witness.check()
})
