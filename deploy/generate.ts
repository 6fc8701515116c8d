import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { files } from './manifests/files.ts'
import { readValues } from './manifests/values.ts'

/** Writes the chart's templates and the kustomize base; with --check, fails when one of them is stale. */

const here = new URL('./', import.meta.url)
const all = Object.entries(files(readValues(new URL('chart/values.yaml', here))))

if (process.argv.includes('--check')) {
  const stale = all.filter(([path, text]) => {
    const file = new URL(path, here)
    return !existsSync(file) || readFileSync(file, 'utf8') !== text
  })
  for (const [path] of stale) process.stderr.write(`deploy/${path} is stale: run \`make docs\`\n`)
  if (stale.length > 0) process.exit(1)
} else {
  for (const [path, text] of all) writeFileSync(new URL(path, here), text)
}
