import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committedCodec } from '../../schemas/codec.ts'
import { makeRecall } from '../../services/kit/bus/recall.ts'
import { configurationOf, edit, intakeKit, publish, said, settle, storedDataset } from './yard.ts'

test('a database restored from an older backup goes on above the generations that were requested', async (t) => {
  const lost = await intakeKit(t)
  for (const flavour of ['one', 'two']) await publish(lost, edit({ dataset: await storedDataset(lost, flavour) }))
  const messages = (await lost.messages()).filter(({ topic }) => topic === 'trainyard.requests')
  assert.deepEqual(
    (await said(lost, 'training.requested')).map(({ generation }) => generation),
    [1, 2],
  )

  const kit = await intakeKit(t)
  await kit.parts.recall?.(makeRecall({ peek: async (_, count) => messages.slice(-count) }, committedCodec))
  await publish(kit, edit({ dataset: await storedDataset(kit, 'three') }))
  assert.deepEqual(
    (await said(kit, 'training.requested')).map(({ generation }) => generation),
    [3],
  )
})

test('a request that is open again after a restore and was granted meanwhile is not asked for once more', async (t) => {
  const kit = await intakeKit(t, { configuration: configurationOf({ quietSeconds: 0 }) })
  await publish(kit, edit({ dataset: await storedDataset(kit, 'one') }))
  const [first] = await said(kit, 'training.requested')
  const messages = (await kit.messages()).filter(({ topic }) => topic === 'trainyard.requests')
  // As the backup was, that was taken just before.
  await kit.database.execute(
    "update intake.requests set state = 'waiting', generation = null, dataset = null, work_identity = null, due_at = now()",
  )
  await kit.database.execute('update intake.keys set generation = 0, newest_run = null')
  await kit.parts.recall?.(makeRecall({ peek: async (_, count) => messages.slice(-count) }, committedCodec))
  await settle(kit)
  assert.deepEqual(
    (await said(kit, 'training.requested')).map(({ run, generation }) => [run, generation]),
    [[first?.run, 1]],
  )
  const [request] = await kit.database.query<{ state: string }>('select state from intake.requests')
  assert.equal(request?.state, 'requested')
})
