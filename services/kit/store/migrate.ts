import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { broken } from '../errors.ts'
import type { Database } from './database.ts'

const own = {
  blobs: new URL('../blobs/migrations/', import.meta.url),
  bus: new URL('../bus/log-migrations/', import.meta.url),
  service: new URL('../bus/service-migrations/', import.meta.url),
}

/** Brings up to date what all services share and what each of the given ones has of its own. */
export async function migrateAll(
  database: Database,
  services: readonly { readonly name: string; readonly migrations: URL }[],
): Promise<void> {
  const folders = [
    { schema: 'blobs', folder: own.blobs },
    { schema: 'bus', folder: own.bus },
    ...services.flatMap(({ name, migrations }) => [
      { schema: name, folder: own.service },
      { schema: name, folder: migrations },
    ]),
  ]
  // At nearly every start nothing is new: one look at all of them, and no service waits for another.
  const applied = await allApplied(database)
  for (const { schema, folder } of folders) {
    const known = applied.get(`${schema} ${folderLabel(folder)}`) ?? []
    if (known.join() !== (await filesIn(folder)).join()) await migrate(database, schema, folder)
  }
}

/**
 * Brings one schema up to date with a folder of plain SQL files, `001-name.sql` onwards, each applied once and in order.
 * All of them run in one transaction behind an advisory lock: two services that start at once take turns, and a failed
 * file leaves nothing half done.
 *
 * @param schema the schema's name; `{schema}` in a file stands for it
 * @throws when the database is newer than the files: an older program must not write to a newer shape
 */
export async function migrate(database: Database, schema: string, folder: URL): Promise<void> {
  const files = await filesIn(folder)
  // Names of schemas are constants of the code; this keeps it so.
  if (!/^[a-z_]+$/.test(schema)) throw broken(`"${schema}" is no name of a schema`)

  await database.transaction(async (transaction) => {
    await transaction.query("select pg_advisory_xact_lock(hashtext('trainyard.migrate'))")
    await transaction.execute('create schema if not exists kit')
    await transaction.execute(
      `create table if not exists kit.migrations (
         schema text not null, folder text not null, file text not null, applied_at timestamptz not null default now(),
         primary key (schema, folder, file))`,
    )
    const label = folderLabel(folder)
    const applied = await transaction.query<{ file: string }>(
      'select file from kit.migrations where schema = $1 and folder = $2',
      [schema, label],
    )
    const known = new Set(applied.map((row) => row.file))
    const unknown = [...known].filter((file) => !files.includes(file))
    if (unknown.length > 0) {
      throw broken(`schema ${schema} was made by a newer version: this one does not know ${unknown.join(', ')}`, {
        hint: 'Run the newer version, or restore a backup from before it.',
      })
    }
    await transaction.execute(`create schema if not exists ${schema}`)
    for (const file of files.filter((name) => !known.has(name))) {
      const text = (await readFile(new URL(file, folder), 'utf8')).replaceAll('{schema}', schema)
      await transaction.script(text)
      await transaction.execute('insert into kit.migrations (schema, folder, file) values ($1, $2, $3)', [
        schema,
        label,
        file,
      ])
    }
  })
}

/** The files that were applied, in order, by schema and folder. */
async function allApplied(database: Database): Promise<ReadonlyMap<string, readonly string[]>> {
  const [kit] = await database.query<{ there: boolean }>(`select to_regclass('kit.migrations') is not null as there`)
  if (!kit?.there) return new Map()
  const rows = await database.query<{ schema: string; folder: string; files: string[] }>(
    'select schema, folder, array_agg(file) as files from kit.migrations group by schema, folder',
  )
  return new Map(rows.map(({ schema, folder, files }) => [`${schema} ${folder}`, files.sort()]))
}

async function filesIn(folder: URL): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^\d{3}-.*\.sql$/.test(name)).sort()
}

/** The last two folders of the path: which set of files it is, wherever the package lies. */
function folderLabel(folder: URL): string {
  return fileURLToPath(folder).split(/[\\/]/).filter(Boolean).slice(-2).join('/')
}
