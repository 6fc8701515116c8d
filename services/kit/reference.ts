import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { EnvironmentVariables } from './environment.ts'

/** Writes the reference of the environment from the schema that reads it; with --check, fails when the page is stale. */

const page = new URL('../../docs/reference/environment.md', import.meta.url)

interface Property {
  description?: string
  default?: unknown
  enum?: unknown[]
}

function render(): string {
  const { properties = {} } = z.toJSONSchema(EnvironmentVariables, { io: 'input', unrepresentable: 'any' })
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '', default: preset, enum: choices } = property as Property
    const allowed =
      choices && choices.length > 1 ? ` One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.` : ''
    return `| \`${name}\` | ${preset === undefined ? '' : `\`${preset}\``} | ${description}${allowed} |`
  })
  return [
    '# Environment',
    '',
    '<!-- Written by services/kit/reference.ts from services/kit/environment.ts. -->',
    '',
    'What is wrong here stops the start with one message that names every variable. An empty variable counts as unset.',
    '',
    '| variable | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const text = render()
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    process.stderr.write('docs/reference/environment.md is stale: run `make docs`\n')
    process.exit(1)
  }
} else {
  writeFileSync(page, text)
}
