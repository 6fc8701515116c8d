import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { serviceNames } from '../../services/kit/service.ts'
import { datasetOf } from '../chain/bot.ts'
import { givePort, install, token } from '../cluster/installation.ts'
import { startKubelet } from '../cluster/kubelet/kubelet.ts'
import { sharedCluster } from '../cluster/shared.ts'
import { cleanup } from '../harness/cleanup.ts'
import { emptyDatabase, overTheNetwork } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { type BuiltImage, buildImages, type Target, targets } from './build.ts'
import { commandLine } from './command-line.ts'

const run = promisify(execFile)

describe('the images as the Dockerfile makes them', () => {
  let images: Readonly<Record<Target, BuiltImage>>
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
    const cluster = await sharedCluster()
    const databaseUrl = overTheNetwork(await emptyDatabase(t))
    const values = serviceNames.map((service) => `--set=${service}.replicas=1`)
    const { namespace } = await install(t, cluster, { databaseUrl, values })
    const named = targets.map((target) => [`registry.example.com/trainyard-${target}:0.1.0`, images[target]] as const)
    await startKubelet(t, cluster, { namespace, built: Object.fromEntries(named) })
    const urls = await Promise.all(
      serviceNames.map(async (service) => {
        const url = `http://127.0.0.1:${await givePort(cluster, namespace, service)}`
        const isReady = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200
        await eventually(isReady, { timeoutMs: 120_000, what: `${service} being ready` })
        return [`TRAINYARD_${service.toUpperCase()}_URL`, url] as const
      }),
    )

    const folder = await mkdtemp(join(tmpdir(), 'bot-'))
    cleanup(t, () => rm(folder, { recursive: true, force: true }))
    const dataset = join(folder, 'bot.jsonl')
    await writeFile(dataset, datasetOf('bot', 3, 60))
    const trainyard = await commandLine(t, {
      image: images.services,
      variables: { ...Object.fromEntries(urls), TRAINYARD_API_TOKEN: token },
      mounts: [{ source: dataset, target: '/bot.jsonl', readOnly: true }],
    })
    await trainyard('publish', '--bot', 'bot-1', '--dataset', '/bot.jsonl', '--wait')
    assert.match(await trainyard('why', 'bot-1'), /was promoted by policy/)
    assert.match(await trainyard('predict', 'bot-1', '--text', 'bot asks for intent-1 in way 7'), /intent-1/)
  })
})
