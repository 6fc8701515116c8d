import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isAlive, startOf } from '../../../services/launcher/executor/process-identity.ts'

test('a process is known by its id and its start, and one that is not there is not alive', async () => {
  const startedAt = (await startOf(process.pid)) ?? ''
  assert.equal(await isAlive({ pid: process.pid, startedAt }), true)
  assert.equal(await isAlive({ pid: process.pid, startedAt: `${startedAt}0` }), false)
  // Beyond every limit of process ids.
  assert.equal(await isAlive({ pid: 2 ** 30, startedAt }), false)
})

// Takes every file handle that there is, then looks at itself and for strays.
const shortOfHandles = `
  import { openSync } from 'node:fs'
  import { isAlive, startOf } from '${new URL('../../../services/launcher/executor/process-identity.ts', import.meta.url)}'
  import { endStrays } from '${new URL('../../../services/launcher/executor/strays.ts', import.meta.url)}'
  const startedAt = await startOf(process.pid)
  const handles = []
  try { for (;;) handles.push(openSync('/dev/null')) } catch {}
  const said = await Promise.all([isAlive({ pid: process.pid, startedAt }), endStrays('/nowhere')].map((look) => look.catch((error) => error.code)))
  process.stdout.write(JSON.stringify(said))`

test('D13: a launcher that is short of file handles takes nothing for dead', {
  skip: process.platform !== 'linux',
}, () => {
  const limited = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"'
  const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, shortOfHandles], { encoding: 'utf8' })
  assert.equal(stdout, '["EMFILE","EMFILE"]', stderr)
})
