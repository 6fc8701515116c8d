import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../../harness/cache.ts'

export interface Certificate {
  /** PEM: the key, and the certificate that it signed itself. */
  readonly key: string
  readonly certificate: string
}

/** A certificate for this machine's own address that holds for a day. */
export async function makeCertificate(commonName: string): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'))
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    await must(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
        ...['-keyout', key, '-out', certificate],
      ],
      'The secured broker under test needs openssl. Install it, then run make test-kafka again.',
    )
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
