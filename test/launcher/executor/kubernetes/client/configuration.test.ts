/** Which cluster is used, as whom and in which namespace. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { configure } from '../../../../../services/launcher/executor/kubernetes/client/configuration.ts'
import { temporaryFolder } from '../../../../runner/program.ts'
import { writeKubeconfig } from './api-server.ts'

const server = 'https://cluster.example/k8s/clusters/one'

test('a kubeconfig that is named comes before KUBECONFIG, and that before the one in the home folder', async (t) => {
  const home = await temporaryFolder(t)
  await mkdir(join(home, '.kube'))
  const kubeconfig = await writeKubeconfig(await temporaryFolder(t), 'https://named', {})
  const KUBECONFIG = await writeKubeconfig(await temporaryFolder(t), 'https://environment', {})
  await writeFile(
    join(home, '.kube', 'config'),
    JSON.stringify({
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
      clusters: [{ name: 'here', cluster: { server: 'https://home/' } }],
      users: [{ name: 'me', user: {} }],
    }),
  )
  assert.equal(configure({ kubeconfig }, { KUBECONFIG, HOME: home }).server, 'https://named')
  assert.equal(configure({}, { KUBECONFIG, HOME: home }).server, 'https://environment')
  assert.equal(configure({}, { KUBECONFIG: '', HOME: home }).server, 'https://home')
})

test('in a pod its service account is used, unless a kubeconfig is named', async (t) => {
  const environment = {
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '443',
    HOME: await temporaryFolder(t),
  }
  const before = { ...process.env }
  Object.assign(process.env, environment)
  t.after(() => {
    process.env = before
  })
  const { config, server: found, namespace } = configure({}, environment)
  assert.equal(found, 'https://[fd00::1]:443')
  assert.equal(namespace, 'default')
  assert.equal(config.getCurrentCluster()?.caFile, '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt')
  const kubeconfig = await writeKubeconfig(await temporaryFolder(t), server, {})
  assert.equal(configure({ kubeconfig }, environment).server, server)
})

test('the namespace is the one that is given, that of the context, or default', async (t) => {
  const kubeconfig = await writeKubeconfig(await temporaryFolder(t), server, {})
  assert.equal(configure({ kubeconfig }).namespace, 'ml')
  assert.equal(configure({ kubeconfig, namespace: 'given' }).namespace, 'given')
})

test('a wrong choice is said with what there is', async (t) => {
  const home = await temporaryFolder(t)
  const kubeconfig = await writeKubeconfig(home, server, {})
  assert.throws(() => configure({ kubeconfig, context: 'there' }), { code: 'badInput', hint: 'It has: here.' })
  assert.throws(() => configure({}, { HOME: home }), {
    code: 'badInput',
    message: /neither a kubeconfig nor an account/,
  })
  assert.throws(() => configure({ kubeconfig: join(home, 'none') }), { code: 'badInput', message: /ENOENT/ })
  const behind = await writeKubeconfig(home, server, { 'proxy-url': 'socks5://proxy:1080' })
  assert.throws(() => configure({ kubeconfig: behind }), { code: 'badInput', message: /SOCKS/ })
  for (const address of ['10.0.0.1:6443', 'cluster.example:6443', 'ftp://cluster.example']) {
    const bare = await writeKubeconfig(home, address, {})
    assert.throws(() => configure({ kubeconfig: bare }), { code: 'badInput', message: /is not the address/ }, address)
  }
  const good = await writeKubeconfig(home, server, {})
  assert.throws(() => configure({ kubeconfig: good, namespace: 'my ns' }), { code: 'badInput', message: /"my ns"/ })
})
