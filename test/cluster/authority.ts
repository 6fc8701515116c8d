import { readFile } from 'node:fs/promises'
import { issue, makeAuthority, makeTokenKeys } from './certificates.ts'
import { type Names, replaceFile, writeCertificate } from './files.ts'
import { kubeconfigFor } from './kubeconfig.ts'

/** Everything that the parts of a control plane know each other by. */
export async function prepareAuthority(names: Names, url: string): Promise<void> {
  const { privateKey, publicKey } = makeTokenKeys()
  await replaceFile(names.tokenPrivateKey, privateKey)
  await replaceFile(names.tokenPublicKey, publicKey)
  await replaceFile(names.authority, '')
  await renewAuthority(names)
  const admin = { 'client-certificate': names.adminCertificate, 'client-key': names.adminKey }
  await replaceFile(names.kubeconfig, kubeconfigFor(url, names.authority, admin))
}

/** Another authority, beside those that are trusted already; what it signs takes the place of what they did. */
export async function renewAuthority(names: Names): Promise<void> {
  const known = await readFile(names.authority, 'utf8')
  const count = known.split('BEGIN CERTIFICATE').length
  const authority = await makeAuthority(`authority ${count}`)
  await replaceFile(names.authority, known + authority.certificate)
  await writeCertificate(authority, names.signer, names.signerKey)
  const admin = await issue(authority, { user: 'admin', groups: ['system:masters'] })
  await writeCertificate(admin, names.adminCertificate, names.adminKey)
  await renewServer(names)
}

/** Another certificate of the servers', by whoever signs now. */
export async function renewServer(names: Names): Promise<void> {
  const signer = { certificate: await readFile(names.signer, 'utf8'), key: await readFile(names.signerKey, 'utf8') }
  await writeCertificate(await issue(signer, { user: 'server' }), names.serverCertificate, names.serverKey)
}
