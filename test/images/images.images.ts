import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { serviceNames } from '../../services/kit/service.ts'
import { datasetOf, echoConfiguration } from '../chain/bot.ts'
import { givePort, install, token } from '../cluster/installation.ts'
import { startKubelet } from '../cluster/kubelet/kubelet.ts'
import { sharedCluster } from '../cluster/shared.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { emptyDatabase, overTheNetwork } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { buildImages, type Images, targets } from './build.ts'
import { commandLine } from './command-line.ts'

const run = promisify(execFile)

const nameOf = (image: string) => `registry.example.com/trainyard-${image}:0.1.0`

const inPython = echoConfiguration({ epochs: 12 }, 'placements:\n  gpu: { gpus: 1, memoryGiB: 2 }').replace(
  'program: { command: [node, services/trainer/main.ts, echo] }',
  `program: { command: [python, services/trainer/python/main.py], image: ${nameOf('python')} }\n    placement: gpu`,
)

describe('the images as the Dockerfiles make them', () => {
  let images: Images
  const undoing: (() => unknown)[] = []
  before(async () => {
    images = await buildImages({ after: (undo) => undoing.push(undo) })
  })
  after(async () => {
    for (const undo of undoing.reverse()) await undo()
  })

  for (const target of targets) {
    test(`${target} belongs to root, runs as nobody of note, and has neither a shell nor a package manager`, async () => {
      const { root, user } = images[target]
      assert.equal(user, '65532:65532')
      const found = async (...tests: readonly string[]) => (await run('find', [root, '-xdev', ...tests])).stdout
      assert.equal(await found('!', '-user', 'root'), '')
      assert.equal(await found('!', '-type', 'l', '-perm', '-2', '!', '-perm', '-1000'), '', 'whoever likes changes it')
      assert.equal(await found('-type', 'f', '-perm', '/6000'), '', 'it runs as its owner')
      for (const program of ['sh', 'bash', 'dash', 'busybox', 'perl', 'python3', 'apt-get', 'dpkg', 'npm'])
        assert.equal(await found('-name', program, '-perm', '/111'), '')
    })
  }

  test('installed by the chart with these images, the services train a bot in attempts of these images, and the command line in there tells of it', async (t) => {
    const trainyard = await installed(t, images)
    await trainyard('publish', '--bot', 'bot-1', '--dataset', '/bot.jsonl', '--wait')
    assert.match(await trainyard('why', 'bot-1'), /was promoted by policy/)
    assert.match(await trainyard('predict', 'bot-1', '--text', 'bot asks for intent-1 in way 7'), /intent-1/)
  })

  test('an image with Python and a program, which holds nothing of Trainyard, trains on a GPU node', async (t) => {
    assert.equal(images.python.user, '65532:65532')
    const trainyard = await installed(t, images, inPython)
    await trainyard('publish', '--bot', 'bot-1', '--dataset', '/bot.jsonl', '--wait')
    assert.match(await trainyard('why', 'bot-1'), /was promoted by policy/)
    const [id = ''] = /run-\w+/.exec(await trainyard('runs')) ?? []
    assert.match(await trainyard('run', id), /on node .* with 1 nvidia\.com\/gpu/)
    assert.match(await trainyard('logs', id), /^device: .* Keras .* on jax$/m)
  })
})

/** Trainyard as the chart makes it of these images, on a node without GPUs and one with a GPU; resolves to its command line. */
async function installed(t: Ending, images: Images, configuration?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'bot-'))
  cleanup(t, () => rm(folder, { recursive: true, force: true }))
  const dataset = join(folder, 'bot.jsonl')
  await writeFile(dataset, datasetOf('bot', 3, 60))
  const file = join(folder, 'trainyard.yaml')
  if (configuration !== undefined) await writeFile(file, configuration)

  const cluster = await sharedCluster()
  const databaseUrl = overTheNetwork(await emptyDatabase(t))
  const replicas = serviceNames.map((service) => `--set=${service}.replicas=1`)
  const values = configuration === undefined ? replicas : [...replicas, `--set-file=configuration=${file}`]
  const { namespace } = await install(t, cluster, { databaseUrl, values })
  const built = Object.fromEntries(Object.entries(images).map(([name, image]) => [nameOf(name), image]))
  await startKubelet(t, cluster, { namespace, built })
  await startKubelet(t, cluster, { namespace, gpus: 1, built })
  const urls = await Promise.all(
    serviceNames.map(async (service) => {
      const url = `http://127.0.0.1:${await givePort(cluster, namespace, service)}`
      const isReady = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200
      await eventually(isReady, { timeoutMs: 120_000, what: `${service} being ready` })
      return [`TRAINYARD_${service.toUpperCase()}_URL`, url] as const
    }),
  )
  return await commandLine(t, {
    image: images.services,
    variables: { ...Object.fromEntries(urls), TRAINYARD_API_TOKEN: token },
    mounts: [{ source: dataset, target: '/bot.jsonl', readOnly: true }],
  })
}
