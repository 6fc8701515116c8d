import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { serviceNames } from '../../services/kit/service.ts'
import { buildJob } from '../../services/launcher/executor/kubernetes/job.ts'
import { cleanup } from '../harness/cleanup.ts'
import { emptyDatabase, overTheNetwork } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { attemptOf, settings } from '../launcher/executor/kubernetes/given.ts'
import type { Cluster } from './cluster.ts'
import { makeHelm } from './helm/helm.ts'
import { chart, deploymentOf, givePort, install, podsOf, token } from './installation.ts'
import { startKubelet } from './kubelet/kubelet.ts'
import { may } from './may.ts'
import type { ApiObject, List } from './objects.ts'
import type { Pod } from './pods.ts'
import { sharedCluster } from './shared.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const deploy = join(root, 'deploy')

interface Deployed extends ApiObject {
  readonly kind: string
}

const objectsIn = (yaml: string): Deployed[] =>
  parseAllDocuments(yaml).flatMap((document) => (document.toJS() as Deployed | null) ?? [])
const nameOf = ({ kind, metadata }: Deployed) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`

let cluster: Cluster
before(async () => {
  cluster = await sharedCluster()
})

test('the chart with its own values is the base', async (t) => {
  const helm = await makeHelm(t)
  const base = objectsIn(await cluster.kubectl('kustomize', join(deploy, 'kustomize/base')))
  const rendered = objectsIn(await helm('template', 'trainyard', chart, '--namespace=trainyard'))
  // The chart leaves the namespace that it is installed in to Helm.
  const expected = base.filter((each) => nameOf(each) !== 'Namespace /trainyard').map(plain)
  assert.deepEqual(byName(rendered.map(plain)), byName(expected))
})

test('the chart makes what a cloud wants of it: annotated accounts, pods with labels, and no right beyond its namespaces', async (t) => {
  const helm = await makeHelm(t)
  const set = [
    'launcher.listsNodes=false',
    'accounts.annotations.example\\.com/role=trainyard',
    'podLabels.example\\.com/identity=yes',
    'podLabels.app\\.kubernetes\\.io/component=other',
  ]
  const said = await helm(
    'template',
    'trainyard',
    chart,
    '--namespace=trainyard',
    ...set.map((each) => `--set-string=${each}`).map((each) => each.replace('-string=launcher', '=launcher')),
  )
  const objects = objectsIn(said)
  assert.ok(!objects.some(({ kind }) => kind.startsWith('ClusterRole')))
  const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount')
  assert.equal(accounts.length, serviceNames.length + 1)
  for (const { metadata } of accounts) assert.equal(metadata.annotations?.['example.com/role'], 'trainyard')
  const deployments = objects.filter(({ kind }) => kind === 'Deployment') as (Deployed & {
    spec: { selector: { matchLabels: object }; template: { metadata: { labels: Record<string, string> } } }
  })[]
  for (const { spec } of deployments) {
    const { 'example.com/identity': identity, ...own } = spec.template.metadata.labels
    assert.equal(identity, 'yes')
    assert.deepEqual(own, spec.selector.matchLabels)
  }
})

test('the API server takes the base and the example as they are, unknown fields forbidden', async () => {
  for (const name of ['trainyard', 'trainyard-attempts']) {
    // Nothing is made in a dry run, and what is in a namespace needs one.
    await cluster.kubectl('create', 'namespace', name)
  }
  try {
    for (const folder of ['base', 'example']) {
      const path = join(deploy, 'kustomize', folder)
      const said = await cluster.kubectl('apply', '--server-side', '--dry-run=server', '--validate=strict', '-k', path)
      assert.match(said, /deployment\.apps\/trainyard-launcher serverside-applied/)
    }
  } finally {
    await cluster.kubectl('delete', 'namespace', 'trainyard', 'trainyard-attempts')
  }
})

test('the chart installs, its pods are admitted where the policy is restricted, and another configuration makes others', async (t) => {
  const { namespace, attempts, helm, flags } = await install(t, cluster)
  await podsWhen(namespace, 2)
  for (const where of [namespace, attempts]) {
    const careless = { metadata: { name: 'careless' }, spec: { containers: [{ name: 'main', image: 'test/any:1' }] } }
    await assert.rejects(cluster.admin.create(`/api/v1/namespaces/${where}/pods`, careless), /violates PodSecurity/)
  }

  await cluster.kubectl('-n', namespace, 'create', 'job', 'topics', '--from=cronjob/trainyard-topics')
  await eventually(async () =>
    (await podsOf(cluster, namespace)).some(({ metadata }) => metadata.labels?.['job-name'] === 'topics'),
  )

  await helm('upgrade', 'trainyard', chart, ...flags, '--set=environment.TRAINYARD_LOG_LEVEL=debug')
  // Nobody runs them here, so none is ready, and those of before stay.
  await podsWhen(namespace, 3)

  await helm('uninstall', 'trainyard', `--namespace=${namespace}`)
  await eventually(async () => (await podsOf(cluster, namespace)).every(({ metadata }) => metadata.deletionTimestamp))
  assert.match(await cluster.kubectl('get', 'namespace', attempts), /Active/)
})

test('a service works with what the chart gives it: no rights, a root that cannot be written to, its Secret, its configuration', async (t) => {
  const values = serviceNames.map((service) => `--set=${service}.replicas=${service === 'console' ? 1 : 0}`)
  const { namespace } = await install(t, cluster, { databaseUrl: overTheNetwork(await emptyDatabase(t)), values })
  await startKubelet(t, cluster, { namespace, files: { '/trainyard': root, '/node': process.execPath } })
  // What the image says, where one is pulled.
  const asTheImage = { command: ['/node'], workingDir: '/trainyard' }
  const port = await givePort(cluster, namespace, 'console', asTheImage)

  const ask = (path: string, given = '') =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${given}` } })
  const ready = async () => (await ask('/health/ready')).status === 200
  await eventually(ready, { what: 'a console that is ready' })
  assert.equal((await ask('/runs', token)).status, 200)
  assert.equal((await ask('/runs', 'somebody-else-entirely')).status, 401)

  await cluster.admin.patch(deploymentOf(namespace, 'console'), { spec: { replicas: 0 } })
  await eventually(async () => (await podsOf(cluster, namespace)).length === 0, { what: 'its orderly end' })
  await assert.rejects(ask('/health/live'))
})

test('the pod of an attempt is admitted where attempts run, when the launcher makes its Job', async (t) => {
  const { namespace, attempts } = await install(t, cluster)
  const launcher = await cluster.clientFor({ namespace, serviceAccount: 'trainyard-launcher' })
  cleanup(t, () => launcher.close())
  const account = { namespace, serviceAccount: 'trainyard-launcher' }
  await eventually(() =>
    may(cluster, account, { namespace: attempts, verb: 'create', group: 'batch', resource: 'jobs' }),
  )
  const job = buildJob(attemptOf(), { ...settings, namespace: attempts })
  await launcher.create(`/apis/batch/v1/namespaces/${attempts}/jobs?fieldValidation=Strict`, job)
  const [pod] = await eventually(async () => {
    const { items } = await launcher.get<List<Pod>>(`/api/v1/namespaces/${attempts}/pods`)
    return items.length > 0 && items
  })
  assert.equal(pod?.metadata.labels?.['trainyard.dev/attempt'], job.metadata?.name)
  const finalizers = { metadata: { finalizers: null } }
  await launcher.patch(`/apis/batch/v1/namespaces/${attempts}/jobs/${job.metadata?.name}`, finalizers)
})

test('the launcher has the rights that it needs where attempts run, and no others; the other services have none', async (t) => {
  const { namespace, attempts } = await install(t, cluster)
  const can = async (service: string, where: string, verb: string, resource: string) => {
    const [name = '', subresource] = resource.split('/')
    const account = { namespace, serviceAccount: `trainyard-${service}` }
    return await may(cluster, account, {
      namespace: where,
      verb,
      group: groups[name] ?? '',
      resource: name,
      subresource,
    })
  }
  await eventually(() => can('launcher', attempts, 'create', 'jobs'))
  await eventually(() => can('launcher', '', 'list', 'nodes'))
  for (const [resource, verbs] of Object.entries(launcherMay)) {
    for (const verb of everyVerb) {
      const where = resource === 'nodes' ? '' : attempts
      assert.equal(await can('launcher', where, verb, resource), verbs.includes(verb), `launcher: ${verb} ${resource}`)
      if (resource !== 'nodes') assert.equal(await can('launcher', namespace, verb, resource), false)
    }
  }
  for (const service of serviceNames.filter((name) => name !== 'launcher')) {
    for (const resource of ['jobs', 'pods', 'secrets', 'nodes'])
      assert.equal(await can(service, attempts, 'list', resource), false, `${service}: list ${resource}`)
  }
})

const groups: Readonly<Record<string, string>> = { jobs: 'batch', roles: 'rbac.authorization.k8s.io' }
const everyVerb = ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection']
const launcherMay: Readonly<Record<string, readonly string[]>> = {
  jobs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
  'jobs/status': [],
  pods: ['list', 'watch', 'delete'],
  'pods/log': [],
  'pods/exec': [],
  events: ['list'],
  nodes: ['list'],
  secrets: [],
  configmaps: [],
  serviceaccounts: [],
  roles: [],
}

test('what a person sets wrongly is refused with the name of what is wrong', async (t) => {
  const helm = await makeHelm(t)
  const refused = async (...flags: string[]) => {
    const error = await helm('template', 'trainyard', chart, '--namespace=trainyard', ...flags).then(
      () => undefined,
      ({ stderr }: { stderr: string }) => stderr,
    )
    return error ?? 'it was taken'
  }
  assert.match(await refused('--set=replicas=3'), /'replicas' not allowed/)
  assert.match(await refused('--set-string=environment.KAFKA_BROKRS=kafka:9092'), /'KAFKA_BROKRS' not allowed/)
  assert.match(await refused('--set-string=environment.DATABASE_URL=postgres://…'), /'DATABASE_URL' not allowed/)
  assert.match(await refused('--set=networkPolicies.clients=null'), /clients/)
  for (const name of ['a.b', 'a'.repeat(64)])
    assert.match(await refused(`--set=attempts.namespace=${name}`), /attempts\/namespace': '.*' does not match pattern/)
  assert.match(await refused('--set=attempts.namespace=trainyard'), /the namespace of the services themselves/)
})

/** The services' pods once each service has so many; a pod that is not admitted never comes. */
async function podsWhen(namespace: string, count: number): Promise<ReadonlyMap<string, readonly Pod[]>> {
  return await eventually(
    async () => {
      const found = Map.groupBy(
        await podsOf(cluster, namespace),
        ({ metadata }) => metadata.labels?.[componentLabel] ?? '',
      )
      found.delete('topics')
      const whole = found.size === serviceNames.length && [...found.values()].every((pods) => pods.length === count)
      return whole && found
    },
    { what: `${count} pods of each service` },
  )
}

const componentLabel = 'app.kubernetes.io/component'

/** Without what only one of the two has by its nature: names by content there, a checksum and a policy of its own here. */
function plain(object: Deployed): Deployed {
  const withoutHashes = JSON.stringify(object).replaceAll(/"(trainyard(?:-environment)?)-[0-9a-z]{10}"/g, '"$1"')
  return withoutEmpty(JSON.parse(withoutHashes)) as Deployed
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'checksum/configuration')
    .map(([key, each]) => [key, withoutEmpty(each)] as const)
  return Object.fromEntries(
    entries.filter(
      ([, each]) => each !== '' && !(typeof each === 'object' && each !== null && Object.keys(each).length === 0),
    ),
  )
}

const byName = (objects: readonly Deployed[]) =>
  Object.fromEntries(objects.map((each) => [nameOf(each), each]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
