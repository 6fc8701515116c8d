import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tokenSource } from '../../../../services/kit/bus/kafka/token.ts'
import { cleanup } from '../../../harness/cleanup.ts'

test('connections that open at the same time share one run of the command; later ones get a new token', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'token-'))
  cleanup(t, () => rm(directory, { recursive: true }))
  const [program, runs] = [join(directory, 'token.mjs'), join(directory, 'runs')]
  await writeFile(
    program,
    `import fs from 'node:fs'; fs.appendFileSync(${JSON.stringify(runs)}, '.'); console.log('a-token')`,
  )
  const token = tokenSource([process.execPath, program])
  assert.deepEqual(await Promise.all([token(), token(), token()]), ['a-token', 'a-token', 'a-token'])
  assert.equal(await readFile(runs, 'utf8'), '.')
  await token()
  assert.equal(await readFile(runs, 'utf8'), '..')
})

test('no shell reads the command, and what it printed is in no error', async () => {
  const printed = `console.log('half-a-' + 'token'); process.exit(process.argv.length)`
  await assert.rejects(tokenSource([process.execPath, '-e', printed, '$HOME;', '&&'])(), (error: Error) => {
    assert.match(error.message, /KAFKA_TOKEN_COMMAND gave no token: it ended with exit code 3/)
    assert.ok(!error.message.includes('half-a-token'))
    return true
  })
  await assert.rejects(tokenSource(['no-such-program'])(), /gave no token: spawn no-such-program ENOENT/)
  await assert.rejects(tokenSource([process.execPath, '-e', ''])(), /gave no token: it printed nothing/)
})
