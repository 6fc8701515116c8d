import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificates.ts'

/** Where a control plane keeps what its parts, and the tests in other processes, read. */
export interface Names {
  /** Whom clients and servers trust: more than one while authorities are being changed. */
  readonly authority: string
  /** Who signs now. */
  readonly signer: string
  readonly signerKey: string
  readonly serverCertificate: string
  readonly serverKey: string
  readonly adminCertificate: string
  readonly adminKey: string
  readonly tokenPublicKey: string
  readonly tokenPrivateKey: string
  readonly kubeconfig: string
}

export function namesIn(directory: string): Names {
  const file = (name: string) => join(directory, name)
  return {
    authority: file('authority.pem'),
    signer: file('signer.pem'),
    signerKey: file('signer-key.pem'),
    serverCertificate: file('server.pem'),
    serverKey: file('server-key.pem'),
    adminCertificate: file('admin.pem'),
    adminKey: file('admin-key.pem'),
    tokenPublicKey: file('token-public.pem'),
    tokenPrivateKey: file('token-private.pem'),
    kubeconfig: file('kubeconfig'),
  }
}

/** Whoever reads the file meanwhile finds the old text or the new one, never half of it. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

export async function writeCertificate(
  { certificate, key }: Certificate,
  certificateFile: string,
  keyFile: string,
): Promise<void> {
  await replaceFile(keyFile, key)
  await replaceFile(certificateFile, certificate)
}
