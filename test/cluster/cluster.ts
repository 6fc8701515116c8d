import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { binaries } from './binaries.ts'
import { type Certificate, issue, type Subject } from './certificates.ts'
import { type Client, openClient } from './client.ts'
import { namesIn, replaceFile, writeCertificate } from './files.ts'
import { type Kubeconfig, kubeconfigFor } from './kubeconfig.ts'

const run = promisify(execFile)

/** Who acts: somebody with a certificate, or a service account with a token. */
export type Identity = Subject | { readonly namespace: string; readonly serviceAccount: string }

/** A control plane that runs, as whoever does not run it sees it. */
export interface Cluster {
  /** Where it keeps its files. */
  readonly directory: string
  readonly url: string
  /** PEM file of whom its clients trust. */
  readonly authority: string
  /** The kubeconfig file of one who may do everything. */
  readonly kubeconfig: string
  /** The same one's client. */
  readonly admin: Client
  /** A kubeconfig file of somebody else's. It is replaced by the next one for the same user: his certificate, or token, anew. */
  kubeconfigFor(identity: Identity): Promise<string>
  clientFor(identity: Identity): Promise<Client>
  /** A certificate that everybody here trusts. */
  issue(subject: Subject): Promise<Certificate>
  /** Resolves to what it prints. */
  kubectl(...parameters: readonly string[]): Promise<string>
}

export async function openCluster(directory: string): Promise<Cluster> {
  const names = namesIn(directory)
  const { clusters } = JSON.parse(await readFile(names.kubeconfig, 'utf8')) as Kubeconfig
  const url = clusters[0].cluster.server
  const admin = await openClient(names.kubeconfig)

  async function issued(subject: Subject): Promise<Certificate> {
    const signer = { certificate: await readFile(names.signer, 'utf8'), key: await readFile(names.signerKey, 'utf8') }
    return await issue(signer, subject)
  }

  async function credentialsOf(identity: Identity, folder: string) {
    if ('user' in identity) {
      const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
      await writeCertificate(await issued(identity), certificate, key)
      return { 'client-certificate': certificate, 'client-key': key }
    }
    const { namespace, serviceAccount } = identity
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`
    const { status } = await admin.create<{ status: { token: string } }>(path, { spec: { expirationSeconds: 86_400 } })
    return { token: status.token }
  }

  async function kubeconfigOf(identity: Identity): Promise<string> {
    const name = 'user' in identity ? identity.user : `${identity.namespace}-${identity.serviceAccount}`
    const folder = join(directory, 'users', encodeURIComponent(name))
    await mkdir(folder, { recursive: true })
    const file = join(folder, 'kubeconfig')
    await replaceFile(file, kubeconfigFor(url, names.authority, await credentialsOf(identity, folder)))
    return file
  }

  return {
    directory,
    url,
    authority: names.authority,
    kubeconfig: names.kubeconfig,
    admin,
    kubeconfigFor: kubeconfigOf,
    clientFor: async (identity) => openClient(await kubeconfigOf(identity)),
    issue: issued,
    async kubectl(...parameters) {
      const program = join(await binaries(), 'kubectl')
      return (await run(program, [`--kubeconfig=${names.kubeconfig}`, ...parameters])).stdout
    },
  }
}
