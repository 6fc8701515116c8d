import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fetchFile } from '../../../services/intake/fetch/file.ts'

async function place(t: TestContext) {
  const base = await mkdtemp(join(tmpdir(), 'trainyard-file-'))
  t.after(() => rm(base, { recursive: true }))
  const folder = join(base, 'datasets')
  await mkdir(join(folder, 'inner'), { recursive: true })
  await writeFile(join(folder, 'inner', 'a.jsonl'), 'content')
  await writeFile(join(base, 'secret.jsonl'), 'secret')
  return { base, folder }
}

async function read(path: string, folders: string[]): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of fetchFile(path, folders)) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe('a file is read only from below a named folder', () => {
  test('itself, or by a link that stays inside, also where the folder is named by a link', async (t) => {
    const { base, folder } = await place(t)
    await symlink(join(folder, 'inner', 'a.jsonl'), join(folder, 'link.jsonl'))
    await symlink(folder, join(base, 'alias'))
    assert.equal(await read(join(folder, 'inner', 'a.jsonl'), [folder]), 'content')
    assert.equal(await read(join(folder, 'link.jsonl'), [folder]), 'content')
    assert.equal(await read(join(base, 'alias', 'link.jsonl'), [join(base, 'alias')]), 'content')
  })

  test('a link that leads out is refused, and so is a folder that does', async (t) => {
    const { base, folder } = await place(t)
    await symlink(join(base, 'secret.jsonl'), join(folder, 'out.jsonl'))
    await symlink(base, join(folder, 'up'))
    for (const path of [join(folder, 'out.jsonl'), join(folder, 'up', 'secret.jsonl')])
      await assert.rejects(read(path, [folder]), { code: 'badInput', message: /does not lie below a folder/ })
  })

  test('what lies outside is refused without telling whether it is there', async (t) => {
    const { base, folder } = await place(t)
    const [there, notThere] = await Promise.all(
      ['secret.jsonl', 'nothing.jsonl'].map((name) =>
        read(join(base, name), [folder]).catch((error: Error) => error.message.replace(name, '')),
      ),
    )
    assert.equal(there, notThere)
    await assert.rejects(read(`${folder}-other/a`, [folder]), /does not lie below/)
    await assert.rejects(read(folder, [folder]), /does not lie below/)
  })

  test('a missing file and a folder are answers, not crashes', async (t) => {
    const { folder } = await place(t)
    await assert.rejects(read(join(folder, 'none.jsonl'), [folder]), { code: 'badInput', message: /there is no file/ })
    await assert.rejects(read(join(folder, 'inner'), [folder]), { code: 'badInput', message: /not a regular file/ })
  })
})
