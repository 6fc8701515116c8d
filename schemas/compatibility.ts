/**
 * The promise to consumers: within one type, every version reads the bytes of every other, older or newer
 * (FULL_TRANSITIVE), and an id once given means the same schema for ever. Pure; `generate.ts` and a test apply it.
 */

import type { AvroSchema } from './avro.ts'
import { compileSchema } from './event-codec.ts'
import { digestOfSchema, type IdEntry, type RegisteredSchema } from './registry.ts'

/** A schema of the catalogue as it is now. */
export type CurrentSchema = { type: string; schema: AvroSchema }

/** What the history lacks, to be appended; or why it must not be. */
export type Revision = { added: RegisteredSchema[]; problems: string[] }

/** Why `reader` can't read bytes of `writer`; undefined when it can. */
export function unreadable(reader: AvroSchema, writer: AvroSchema): string | undefined {
  try {
    compileSchema(reader).createResolver(compileSchema(writer))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Every pair of versions of one type that can't read each other. */
export function incompatibilities(versions: readonly RegisteredSchema[]): string[] {
  return versions.flatMap((reader) =>
    versions.flatMap((writer) => {
      if (reader === writer || reader.type !== writer.type) return []
      const why = unreadable(reader.schema, writer.schema)
      if (why === undefined) return []
      return [
        `${reader.type}: version ${reader.version} can't read version ${writer.version}: ${why}. ` +
          'Only fields with a null default may come or go; for any other change make a new type beside this one.',
      ]
    }),
  )
}

/** Appends to the history what changed in the catalogue, when every version before can live with it. */
export function revise(history: readonly RegisteredSchema[], current: readonly CurrentSchema[]): Revision {
  const revision: Revision = { added: [], problems: problemsOf(history) }
  for (const { type, schema } of current) {
    const versions = history.filter((entry) => entry.type === type)
    const digest = digestOfSchema(schema)
    if (versions.some((entry) => entry.digest === digest)) continue
    const id = history.length + revision.added.length + 1
    const next = { id, type, version: versions.length + 1, digest, schema }
    const problems = incompatibilities([...versions, next])
    if (problems.length === 0) revision.added.push(next)
    revision.problems.push(...problems)
  }
  return revision
}

/** What is wrong with a history as it stands. */
export function problemsOf(history: readonly RegisteredSchema[]): string[] {
  const seen = new Map<string, number>()
  const outOfOrder = history.flatMap(({ id, type, version }, index) => {
    const expected = (seen.get(type) ?? 0) + 1
    seen.set(type, version)
    if (id !== index + 1) return [`ids.json: entry ${index + 1} has the id ${id}; ids count up from 1 without gaps`]
    if (version !== expected) return [`ids.json: id ${id} is version ${version} of ${type}; expected ${expected}`]
    return []
  })
  const types = [...new Set(history.map((entry) => entry.type))]
  return [...outOfOrder, ...types.flatMap((type) => incompatibilities(history.filter((entry) => entry.type === type)))]
}

/** Ids that were given in `before` and are gone, or mean something else, in `now`. */
export function brokenIds(before: readonly IdEntry[], now: readonly IdEntry[]): string[] {
  return before.flatMap((old) => {
    const same = now.find((entry) => entry.id === old.id)
    if (same === undefined) return [`ids.json: id ${old.id} (${old.type}, version ${old.version}) is gone`]
    const unchanged = same.type === old.type && same.version === old.version && same.digest === old.digest
    return unchanged ? [] : [`ids.json: id ${old.id} no longer means version ${old.version} of ${old.type}`]
  })
}
