import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../harness/cache.ts'

/** PEM both. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Whom a certificate names: to the API server its common name is a user, and its organizations are groups. */
export interface Subject {
  readonly user: string
  readonly groups?: readonly string[]
}

/** A certificate that may sign others. It holds for a day, as all of these do. */
export async function makeAuthority(name: string): Promise<Certificate> {
  return await make({ user: name }, [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign,digitalSignature',
  ])
}

/** A certificate for both ends of a connection: for a server it is that of this machine's own address. */
export async function issue(authority: Certificate, subject: Subject): Promise<Certificate> {
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc',
  ]
  return await make(subject, extensions, authority)
}

/** What tokens of service accounts are signed with, and checked with. */
export function makeTokenKeys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

async function make(subject: Subject, extensions: readonly string[], authority?: Certificate): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'))
  const file = (name: string) => join(folder, name)
  try {
    // The machine's own openssl.cnf may add extensions that contradict ours.
    await writeFile(file('openssl.cnf'), '[req]\ndistinguished_name=subject\n[subject]\n')
    const signing: string[] = []
    if (authority) {
      await writeFile(file('authority.pem'), authority.certificate)
      await writeFile(file('authority-key.pem'), authority.key)
      signing.push('-CA', file('authority.pem'), '-CAkey', file('authority-key.pem'))
    }
    const organizations = (subject.groups ?? []).map((group) => `/O=${escaped(group)}`)
    await must(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-config', file('openssl.cnf'), '-subj', `${organizations.join('')}/CN=${escaped(subject.user)}`],
        ...extensions.flatMap((extension) => ['-addext', extension]),
        ...signing,
        ...['-keyout', file('key.pem'), '-out', file('certificate.pem')],
      ],
      'The control plane under test needs openssl 3. Install it, then run make test-cluster again.',
    )
    return {
      certificate: await readFile(file('certificate.pem'), 'utf8'),
      key: await readFile(file('key.pem'), 'utf8'),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const escaped = (text: string) => text.replaceAll(/[\\/+]/g, '\\$&')
