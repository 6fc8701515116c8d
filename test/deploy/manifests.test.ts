import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { files } from '../../deploy/manifests/files.ts'
import { readValues } from '../../deploy/manifests/values.ts'
import { parseConfiguration } from '../../schemas/configuration.ts'
import { EnvironmentVariables, parseEnvironment } from '../../services/kit/environment.ts'
import { serviceNames } from '../../services/kit/service.ts'

const root = new URL('../../', import.meta.url)
const deploy = new URL('deploy/', root)
const base = new URL('kustomize/base/', deploy)
const values = readValues(new URL('chart/values.yaml', deploy))
const textOf = (path: string, below = root) => readFileSync(new URL(path, below), 'utf8')

const Variable = z.object({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() })
const Pod = z.object({
  automountServiceAccountToken: z.boolean(),
  terminationGracePeriodSeconds: z.number().optional(),
  containers: z.tuple([
    z.object({
      args: z.array(z.string()),
      env: z.array(Variable),
      lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }).optional(),
      readinessProbe: z.object({ httpGet: z.object({ path: z.string() }) }).optional(),
    }),
  ]),
})
const Deployment = z.object({ kind: z.literal('Deployment'), spec: z.object({ template: z.object({ spec: Pod }) }) })
const CronJob = z.object({
  kind: z.literal('CronJob'),
  spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: z.object({ spec: Pod }) }) }) }),
})

const objectsIn = (file: string): { kind: string }[] =>
  parseAllDocuments(textOf(file, base)).map((document) => document.toJS())
const podOf = (service: string) =>
  Deployment.parse(objectsIn(`${service}.yaml`).find(({ kind }) => kind === 'Deployment')).spec.template.spec
const topicsPod = () => CronJob.parse(objectsIn('topics.yaml')[0]).spec.jobTemplate.spec.template.spec
const environmentOf = (pod: z.infer<typeof Pod>) =>
  Object.fromEntries(pod.containers[0].env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))

/** As Kubernetes reads the file that the base's ConfigMap is made of. */
const shared = Object.fromEntries(
  textOf('environment.env', base)
    .trim()
    .split('\n')
    .map((line) => line.split(/=(.*)/s).slice(0, 2)),
)
const secret = { DATABASE_URL: 'postgres://postgres.example/trainyard', TRAINYARD_API_TOKEN: 'sixteen-or-more-of-them' }

test('the chart and the base are what deploy/manifests make of the values, and nothing else lies there', () => {
  const byHand = ['one-namespace.yaml', 'NOTES.txt', 'namespace.yaml']
  const all = Object.entries(files(values))
  for (const [path, text] of all) assert.equal(textOf(path, deploy), text, `${path} is stale: run make docs`)
  for (const folder of ['chart/templates/', 'kustomize/base/']) {
    const written = all.flatMap(([path]) => (path.startsWith(folder) ? path.slice(folder.length) : []))
    const found = readdirSync(new URL(folder, deploy)).filter((name) => !byHand.includes(name))
    assert.deepEqual(found.sort(), written.sort())
  }
})

test('each service has processes, an account, a name to call it by, and a budget of those that may be away', () => {
  for (const service of serviceNames) {
    const kinds = objectsIn(`${service}.yaml`).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['ServiceAccount', 'Deployment', 'Service', 'PodDisruptionBudget'])
    assert.ok(existsSync(new URL(podOf(service).containers[0].args[0] ?? '', root)))
    assert.ok(values[service].replicas >= 2)
  }
})

function assertUnderstood(pod: z.infer<typeof Pod>): void {
  const given = { ...shared, ...secret, ...environmentOf(pod) }
  for (const name of Object.keys(given)) assert.ok(name in EnvironmentVariables.shape, `no service reads ${name}`)
  assert.equal(parseEnvironment(given).port, 7070)
}

test('each process gets an environment that it understands', () => {
  for (const pod of [...serviceNames.filter((service) => service !== 'launcher').map(podOf), topicsPod()])
    assertUnderstood(pod)
})

test('the launcher does, too', () => {
  assertUnderstood(podOf('launcher'))
})

test('the configurations that come along are right, and every program in them has an image', () => {
  for (const file of [new URL('trainyard.yaml', base), new URL('kustomize/example/trainyard.yaml', deploy)]) {
    for (const { program } of Object.values(parseConfiguration(readFileSync(file, 'utf8'), file.pathname).jobTypes))
      assert.ok(program.image, file.pathname)
  }
})

test('a process has the time to stop in order, after the time that others need to hear of it', () => {
  for (const pod of serviceNames.map(podOf)) {
    const { stopLimitMs } = parseEnvironment({
      ...secret,
      TRAINYARD_STOP_LIMIT_SECONDS: environmentOf(pod)['TRAINYARD_STOP_LIMIT_SECONDS'],
    })
    const lingerMs = (pod.containers[0].lifecycle?.preStop.sleep.seconds ?? 0) * 1000
    assert.ok((pod.terminationGracePeriodSeconds ?? 0) * 1000 > lingerMs + stopLimitMs)
  }
})

test('only the launcher is known to the API server', () => {
  const known = serviceNames.filter((service) => podOf(service).automountServiceAccountToken)
  assert.deepEqual(known, ['launcher'])
  assert.equal(topicsPod().automountServiceAccountToken, false)
})

test('no manifest holds a secret: what is secret is named', () => {
  for (const [path, text] of Object.entries(files(values)).filter(([path]) => path.endsWith('.yaml'))) {
    assert.doesNotMatch(text, /^kind: Secret$/m, path)
    for (const [, value] of text.matchAll(/name: (?:DATABASE_URL|TRAINYARD_API_TOKEN)\n\s+(\w+)/g))
      assert.equal(value, 'valueFrom', path)
  }
})

test('chart, images and package are of one version', () => {
  const { version } = JSON.parse(textOf('package.json'))
  const chart = parse(textOf('chart/Chart.yaml', deploy))
  assert.deepEqual([chart.version, chart.appVersion], [version, version])
  for (const image of [values.images.services, values.images.runner]) assert.ok(image.endsWith(`:${version}`), image)
})
