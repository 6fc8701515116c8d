import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committedCodec } from '../../schemas/codec.ts'
import { makeRecall } from '../../services/kit/bus/recall.ts'
import { edit, intakeKit, publish, said, storedDataset } from './yard.ts'

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
