/**
 * node schemas/generate.ts              writes new schema versions, their ids, and the reference pages
 * node schemas/generate.ts --check      writes nothing; fails and lists what is stale
 * node schemas/generate.ts --since REF  also fails when an id that git's REF knows was changed
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { catalogue, eventNames, typeOf } from './catalogue.ts'
import { brokenIds, type CurrentSchema, revise } from './compatibility.ts'
import { asyncApiYaml } from './reference/asyncapi.ts'
import { configurationPage, configurationSchemaJson } from './reference/configuration-page.ts'
import { eventsPage } from './reference/events-page.ts'
import {
  historyFile,
  IdEntry,
  publishedSchema,
  type RegisteredSchema,
  readRegistry,
  schemasFolder,
} from './registry.ts'

type GeneratedFile = { path: string; content: string }

const root = new URL('../', schemasFolder)
const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function currentSchemas(): CurrentSchema[] {
  return eventNames.map((name) => ({ type: typeOf(name), schema: publishedSchema(catalogue[name].record) }))
}

function generatedFiles(history: readonly RegisteredSchema[], added: readonly RegisteredSchema[]): GeneratedFile[] {
  const all = [...history, ...added]
  const ids: IdEntry[] = all.map(({ id, type, version, digest }) => ({ id, type, version, digest }))
  return [
    ...added.map((entry) => ({ path: `schemas/${historyFile(entry)}`, content: asJson(entry.schema) })),
    { path: 'schemas/ids.json', content: asJson(ids) },
    { path: 'docs/reference/events.md', content: eventsPage(all) },
    { path: 'docs/reference/asyncapi.yaml', content: asyncApiYaml() },
    { path: 'docs/reference/configuration.md', content: configurationPage() },
    { path: 'docs/reference/trainyard.schema.json', content: configurationSchemaJson() },
  ]
}

function isStale({ path, content }: GeneratedFile): boolean {
  const file = new URL(path, root)
  return !existsSync(file) || readFileSync(file, 'utf8') !== content
}

function write({ path, content }: GeneratedFile): void {
  const file = new URL(path, root)
  mkdirSync(new URL('./', file), { recursive: true })
  writeFileSync(file, content)
  process.stdout.write(`wrote ${path}\n`)
}

function changedSince(ref: string, history: readonly IdEntry[]): string[] {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: fileURLToPath(root), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    if (git('ls-tree', '--name-only', ref, 'schemas/ids.json') === '') return []
    return brokenIds(z.array(IdEntry).parse(JSON.parse(git('show', `${ref}:schemas/ids.json`))), history)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [`--since ${ref}: can't read schemas/ids.json there: ${why}`]
  }
}

function fail(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exitCode = 1
}

function main(): void {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, since: { type: 'string' } } })
  const history = readRegistry()
  const { added, problems } = revise(history, currentSchemas())
  if (values.since !== undefined) problems.push(...changedSince(values.since, history))
  const stale = problems.length > 0 ? [] : generatedFiles(history, added).filter(isStale)
  if (values.check)
    problems.push(...stale.map(({ path }) => `${path} is stale; run "node schemas/generate.ts" and commit it`))
  if (problems.length > 0) fail(problems)
  else for (const file of stale) write(file)
}

if (import.meta.main) main()
