import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, must } from '../harness/cache.ts'

const needs =
  'The control plane under test is built from its Go modules: that needs Go 1.26 or later, the Go module proxy or a mirror of it, and openssl. Install them (https://go.dev/dl), then run make test-cluster again.'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The folder with etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl; built once per machine. */
export async function binaries(): Promise<string> {
  const recipe = (await readFile(join(here, 'go.mod'), 'utf8')) + (await readFile(join(here, 'go.sum'), 'utf8'))
  return await cached('cluster', recipe, async (directory) => {
    await needGo()
    const linking = `-s -w ${versions(recipe).join(' ')}`
    // Without C: what one machine of CI has built runs on another, whatever C library that has.
    const environment = { CGO_ENABLED: '0' }
    const build = ['-C', here, 'build', '-trimpath', `-ldflags=${linking}`, '-o', `${directory}/`, 'tool']
    await must('go', build, needs, environment)
    // Go names a program after the last part of its path, and etcd's is `server`.
    await rename(join(directory, 'server'), join(directory, 'etcd'))
  })
}

async function needGo(): Promise<void> {
  const version = await must('go', ['env', 'GOVERSION'], needs)
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? []
  const enough = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 26)
  if (!enough) throw new Error(`go is of version ${version.trim()}. ${needs}`)
}

/** What Kubernetes says when it is asked for its version; unless told while linking, it does not know. */
function versions(recipe: string): readonly string[] {
  const [, version, major, minor] = /\bk8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(recipe) ?? []
  if (version === undefined) throw new Error('test/cluster/go.mod names no version of k8s.io/kubernetes')
  const known = { gitVersion: version, gitMajor: major, gitMinor: minor }
  return Object.entries(known).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
}
