import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Unreachable } from './errors.ts'

/** Writes what comes to a file and checks it against its digest; `Unreachable` (fetch it again) if it is something else. */
export async function writeVerified(content: AsyncIterable<Buffer>, path: string, digest: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const hash = createHash('sha256')
  const file = openSync(path, 'w')
  try {
    for await (const chunk of content) {
      hash.update(chunk)
      writeFileSync(file, chunk)
    }
  } finally {
    closeSync(file)
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found !== digest) throw new Unreachable(`${digest} came as ${found}`)
}
