import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const services = join(import.meta.dirname, '../../services')
/** What answers commands; the run API answers runners alone. */
const answering = ['intake', 'launcher', 'promoter', 'console']

function sourcesOf(service: string): { file: string; text: string }[] {
  return readdirSync(join(services, service), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file: join(service, file), text: readFileSync(join(services, service, file), 'utf8') }))
}

test('what a service says of its routes names the command that asks them, too: it reaches people at a terminal', () => {
  const naming = answering
    .flatMap(sourcesOf)
    .filter(({ file }) => !file.includes('run-api'))
    .flatMap(({ file, text }) => textsOf(text).map((each) => ({ file, text: each })))
    .filter(({ text }) => /\b(GET|POST|PUT) \//.test(text))
  assert.ok(naming.length > 5)
  assert.deepEqual(
    naming.filter(({ text }) => !text.includes('trainyard ')),
    [],
  )
})

test('a command that people are told to call names a bot as one word of a shell, whoever named the bot', () => {
  const telling = ['cli', ...answering].flatMap(sourcesOf).flatMap(({ file, text }) => {
    return textsOf(text)
      .filter((each) => /trainyard [^`]*\$\{[^}]*bot\b/i.test(each))
      .map((each) => ({ file, text: each }))
  })
  assert.ok(telling.length > 5)
  assert.deepEqual(
    telling.filter(({ text }) => !/trainyard [a-z]+ (--bot )?\$\{shellWord\(/.test(text)),
    [],
  )
})

/** The texts of a source, without its comments. */
function textsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  return code.match(/'[^'\n]*'|`[^`]*`/g) ?? []
}
