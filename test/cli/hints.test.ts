import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const services = join(import.meta.dirname, '../../services')
/** What answers commands; the run API answers runners alone. */
const answering = ['intake', 'launcher', 'promoter', 'console']

test('what a service says of its routes names the command that asks them, too: it reaches people at a terminal', () => {
  const naming = answering
    .flatMap((service) =>
      readdirSync(join(services, service), { recursive: true, encoding: 'utf8' }).map((file) => join(service, file)),
    )
    .filter((file) => file.endsWith('.ts') && !file.includes('run-api'))
    .flatMap((file) => textsOf(readFileSync(join(services, file), 'utf8')).map((text) => ({ file, text })))
    .filter(({ text }) => /\b(GET|POST|PUT) \//.test(text))
  assert.ok(naming.length > 5)
  assert.deepEqual(
    naming.filter(({ text }) => !text.includes('trainyard ')),
    [],
  )
})

/** The texts of a source, without its comments. */
function textsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  return code.match(/'[^'\n]*'|`[^`]*`/g) ?? []
}
