import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { defaultConfiguration } from '../../schemas/configuration.ts'
import { AttemptName } from '../../schemas/words.ts'
import { makeObjectionWatch } from '../../services/launcher/objections.ts'
import { makeOrphanWatch } from '../../services/launcher/orphans.ts'
import { launcherKit } from './launcher-kit.ts'
import { scriptedExecutor } from './scripted-executor.ts'

function listeningLog() {
  const lines: { msg: string; attempt?: string }[] = []
  return { lines, log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }) }
}

test('an attempt that no record tells of is named once; one that is on record is not', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const { lines, log } = listeningLog()
  const orphan = AttemptName.parse('run-zzzzzzzzzz-1')
  const executor = { ...kit.executor, list: async () => [AttemptName.parse(`${run}-1`), orphan] }
  const watch = makeOrphanWatch({ database: kit.database, log, executor })
  await watch()
  await watch()
  assert.deepEqual(
    lines.map(({ attempt }) => attempt),
    [orphan],
  )
})

test('what was released just now may still be listed; what is listed later is there again, and taken away', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { limit: 0 } } })
  await kit.settle()
  await kit.crash(run)
  const attempt = AttemptName.parse(`${run}-1`)
  assert.deepEqual(kit.executor.released, [attempt])
  const { lines, log } = listeningLog()
  const watch = makeOrphanWatch({
    database: kit.database,
    log,
    executor: { ...kit.executor, list: async () => [attempt] },
  })
  await watch()
  assert.equal(lines.length, 0)
  await kit.database.execute("update launcher.attempts set released_at = now() - interval '11 seconds'")
  await watch()
  assert.deepEqual(
    lines.map((line) => line.attempt),
    [attempt],
  )
})

test('what is in the way of a job type is said with its name', async () => {
  const { lines, log } = listeningLog()
  const executor = { ...scriptedExecutor(), objections: async () => ['no node has a GPU'] }
  await makeObjectionWatch({ configuration: defaultConfiguration(), log, executor })()
  const [jobType] = Object.keys(defaultConfiguration().jobTypes)
  assert.equal(lines[0]?.msg, `attempts of ${jobType} will not run: no node has a GPU`)
})
