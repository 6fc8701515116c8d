/** How the API server is reached: one set of connections, trusted, and renewed with the certificates. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../../../../services/kit/clock.ts'
import { configure } from '../../../../../services/launcher/executor/kubernetes/client/configuration.ts'
import { connect } from '../../../../../services/launcher/executor/kubernetes/client/connect.ts'
import { KubernetesError } from '../../../../../services/launcher/executor/kubernetes/client/failures.ts'
import { cleanup } from '../../../../harness/cleanup.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { temporaryFolder } from '../../../../runner/program.ts'
import { startApiServer, writeKubeconfig } from './api-server.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import { job, openTestCluster } from './clusters.ts'

test('many calls share few connections', async (t) => {
  const own = makeCertificate('the API server')
  const server = await startApiServer(t, own)
  const folder = await temporaryFolder(t)
  const trust = { 'certificate-authority-data': Buffer.from(own.certificate).toString('base64') }
  const cluster = openTestCluster(t, await writeKubeconfig(folder, server.url, trust))
  for (let index = 0; index < 50; index++) await cluster.createJob(job(`run-${index}`))
  // The second is for a call that comes while the answer before it is still being put away.
  assert.ok(server.connections.made <= 2, `${server.connections.made} connections`)
  await Promise.all(Array.from({ length: 200 }, (_, index) => cluster.createJob(job(`many-${index}`))))
  assert.ok(server.connections.made <= 24, `${server.connections.made} connections`)
  assert.equal((await cluster.listJobs()).length, 250)
  assert.equal(server.asked[0]?.headers.authorization, 'Bearer secret')
})

test('a certificate that is renewed on disk is trusted from the next call on', async (t) => {
  const [before, after] = [makeCertificate('before'), makeCertificate('after')]
  const server = await startApiServer(t, before)
  const folder = await temporaryFolder(t)
  const authority = join(folder, 'authority.pem')
  await writeFile(authority, before.certificate)
  const cluster = openTestCluster(t, await writeKubeconfig(folder, server.url, { 'certificate-authority': authority }))
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
  server.use(after)
  await assert.rejects(cluster.readJob('run-1'), KubernetesError)
  await writeFile(authority, after.certificate)
  await eventually(() => cluster.readJob('run-1'))
})

test('a kubeconfig that is replaced, with another token and another certificate in it, is read anew', async (t) => {
  const [before, after] = [makeCertificate('before'), makeCertificate('after')]
  const server = await startApiServer(t, before)
  const folder = await temporaryFolder(t)
  const write = ({ certificate }: Certificate, token: string) => {
    const trust = { 'certificate-authority-data': Buffer.from(certificate).toString('base64') }
    return writeKubeconfig(folder, server.url, trust, { token })
  }
  const cluster = openTestCluster(t, await write(before, 'old'))
  await cluster.readJob('run-1')
  server.fault = ({ headers }) => (headers.authorization === 'Bearer new' ? undefined : { status: 401 })
  await assert.rejects(cluster.readJob('run-1'), /cannot read the Job run-1/)
  await write(before, 'new')
  await eventually(() => cluster.readJob('run-1').then(() => true))
  server.use(after)
  await write(after, 'new')
  await eventually(() => cluster.readJob('run-1').then(() => true))
})

test('a kubeconfig that leads to another cluster meanwhile is for the next start', async (t) => {
  const [here, there] = [await startApiServer(t), await startApiServer(t)]
  const folder = await temporaryFolder(t)
  const trust = { 'insecure-skip-tls-verify': true }
  const cluster = openTestCluster(t, await writeKubeconfig(folder, here.url, trust), { restMs: 20 })
  here.fault = () => ({ status: 401 })
  await writeKubeconfig(folder, there.url, trust)
  const enough = performance.now() + 1_500
  await eventually(async () => {
    await assert.rejects(cluster.readJob('run-1'))
    return performance.now() > enough
  })
  assert.equal(there.asked.length, 0)
})

test('credentials that cannot be read are no reason to forget the cluster', async (t) => {
  const own = makeCertificate('the API server')
  const server = await startApiServer(t, own)
  const folder = await temporaryFolder(t)
  const authority = join(folder, 'authority.pem')
  const cluster = openTestCluster(t, await writeKubeconfig(folder, server.url, { 'certificate-authority': authority }))
  await assert.rejects(cluster.readJob('run-1'), /credentials for https:.* cannot be had: ENOENT/)
  await writeFile(authority, own.certificate)
  assert.equal(await cluster.readJob('run-1'), undefined)
})

test('a server that is not trusted gets nothing, and the error says why', async (t) => {
  const server = await startApiServer(t, makeCertificate('a stranger'))
  const folder = await temporaryFolder(t)
  const cluster = openTestCluster(t, await writeKubeconfig(folder, server.url, {}))
  await assert.rejects(cluster.createJob(job('run-1')), (error) => {
    assert.ok(error instanceof KubernetesError)
    assert.equal(error.failure.kind, 'unreachable')
    assert.match(error.message, /no trust between us and the API server: .*self-signed certificate/)
    return true
  })
  assert.equal(server.asked.length, 0)
})

test('a program that hands out credentials is asked once for many calls, and not waited for without end', async (t) => {
  const server = await startApiServer(t)
  const folder = await temporaryFolder(t)
  const [calls, program] = [join(folder, 'calls'), join(folder, 'program.mjs')]
  await writeFile(calls, '')
  await writeFile(
    program,
    `import { appendFileSync } from 'node:fs'
     appendFileSync(${JSON.stringify(calls)}, 'x')
     if (process.argv[2] === 'hang') setTimeout(() => {}, 3_000)
     else console.log(JSON.stringify({ status: { token: 'from the program' } }))`,
  )
  const open = async (folder: string, how: string) => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [program, how] }
    const trust = { 'insecure-skip-tls-verify': true }
    return writeKubeconfig(folder, server.url, trust, { token: undefined, exec })
  }
  const cluster = openTestCluster(t, await open(folder, 'answer'))
  await Promise.all(Array.from({ length: 20 }, (_, index) => cluster.createJob(job(`run-${index}`))))
  assert.equal(server.asked.length, 20)
  assert.ok(server.asked.every(({ headers }) => headers.authorization === 'Bearer from the program'))
  assert.equal(await readFile(calls, 'utf8'), 'x')

  const hanging = openTestCluster(t, await open(await temporaryFolder(t), 'hang'), { limitMs: 200 })
  await assert.rejects(hanging.readJob('run-1'), /cannot read the Job run-1/)
})

test('a call that is given up while others have all connections never leaves, and costs none', async (t) => {
  const server = await startApiServer(t)
  const connection = connect(() => configure({ kubeconfig: server.kubeconfig }), systemClock)
  cleanup(t, () => connection.close())
  const asking = (count: number, { signal }: AbortController) =>
    Promise.allSettled(Array.from({ length: count }, () => connection.ask({ method: 'GET', path: '/api', signal })))
  server.fault = () => 'hang'
  const [early, late] = [new AbortController(), new AbortController()]
  const hanging = asking(22, early)
  await eventually(() => server.asked.length === 22)
  const waiting = asking(40, late)
  late.abort(new Error('its time is up'))
  assert.ok((await waiting).every(({ status }) => status === 'rejected'))
  early.abort(new Error('its time is up'))
  await hanging
  server.fault = () => ({ status: 200, body: {} })
  await connection.ask({ method: 'GET', path: '/api', signal: new AbortController().signal })
  const tooLate = connection.ask({ method: 'GET', path: '/api', signal: AbortSignal.abort(new Error('too late')) })
  await assert.rejects(tooLate, /too late/)
  assert.equal(server.asked.length, 23)
  assert.equal(server.connections.made, 23)
})

test('once a call was left without an answer, the next has a connection of its own', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig, { limitMs: 100 })
  await Promise.all([cluster.readJob('run-1'), cluster.readJob('run-2'), cluster.readJob('run-3')])
  server.fault = () => 'hang'
  await assert.rejects(cluster.readJob('run-1'))
  server.fault = () => undefined
  await eventually(() => server.connections.open === 0, { what: 'giving up the idle connections, too' })
  const { made } = server.connections
  await cluster.readJob('run-1')
  assert.equal(server.connections.made, made + 1)
})

test('closing ends every call and watch, and leaves no connection', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  const watching = cluster.watchJobs(() => {})
  await watching.synced
  await eventually(() => server.watches() === 1)
  server.fault = () => 'hang'
  const calls = [cluster.readJob('run-1'), cluster.createJob(job('run-1'))].map((call) => assert.rejects(call))
  await eventually(() => server.asked.length === 4)
  await cluster.close()
  await Promise.all(calls)
  assert.equal(watching.isCurrent(), false)
  await eventually(() => server.connections.open === 0)
  const { length } = server.asked
  await assert.rejects(cluster.readJob('run-1'), /closed/)
  await cluster.close()
  assert.equal(server.asked.length, length)
})

test('a process that has closed its cluster ends by itself, in the middle of calls, watches and pauses', async (t) => {
  const server = await startApiServer(t)
  server.fault = ({ path }) => (path.includes('/pods') ? 'reset' : undefined)
  const folder = await temporaryFolder(t)
  const main = join(folder, 'main.mjs')
  const source = (path: string) => JSON.stringify(new URL(`../../../../../services/${path}`, import.meta.url).href)
  await writeFile(
    main,
    `import { openCluster } from ${source('launcher/executor/kubernetes/client/open.ts')}
     import { systemClock as clock } from ${source('kit/clock.ts')}
     import { systemRandom as random } from ${source('kit/random.ts')}
     import { openLog } from ${source('kit/log.ts')}
     const kubeconfig = ${JSON.stringify(server.kubeconfig)}
     const cluster = openCluster({ kubeconfig, clock, random, log: openLog('silent') })
     cluster.watchPods(() => {})
     await cluster.watchJobs(() => {}).synced
     await cluster.readJob('run-1')
     await cluster.close()
     process.stdout.write('closed')`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [main], { timeout: 20_000 })
  assert.equal(stdout, 'closed')
})
