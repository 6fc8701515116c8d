import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committedCodec } from '../../schemas/codec.ts'
import { makeRecall } from '../../services/kit/bus/recall.ts'
import { better, judgeAll, keyOf, openPromoter, readyEvents, runOf, withChampion } from './yard.ts'

test('I4: a database restored from an older backup goes on above the sequences that downstream has seen, and says its champion again', async (t) => {
  const kit = await openPromoter(t)
  await withChampion(kit)
  await judgeAll(kit, { generation: 2, intents: better })
  const messages = (await kit.messages()).filter(({ topic }) => topic === 'trainyard.champions')
  const recall = makeRecall({ peek: async (_, count) => messages.slice(-count) }, committedCodec)
  await kit.parts.recall?.(recall)
  assert.equal((await readyEvents(kit)).length, 2, 'a database that knows them all says nothing')

  await kit.database.execute('delete from promoter.champions where sequence = 2')
  await kit.database.execute('update promoter.keys set champion_sequence = 1')
  await kit.database.execute('delete from promoter.models where generation = 2')
  await kit.database.execute('delete from promoter.outbox')
  await kit.parts.recall?.(recall)
  await kit.parts.recall?.(recall)
  const [again, ...more] = await readyEvents(kit)
  assert.deepEqual(more, [])
  assert.deepEqual([again?.sequence, again?.run, again?.replaces?.run], [3, runOf(1), runOf(2)])
  assert.match(again?.reason ?? '', /restored from a backup/)
  assert.equal((await keyOf(kit)).championSequence, 3)

  await judgeAll(kit, { generation: 3, intents: better, championSequence: 3 })
  assert.equal((await readyEvents(kit)).at(-1)?.sequence, 4)
})

test('I4: where the restored database knows no champion at all, the first one takes the next sequence', async (t) => {
  const before = await openPromoter(t)
  await withChampion(before)
  const messages = (await before.messages()).filter(({ topic }) => topic === 'trainyard.champions')
  const kit = await openPromoter(t)
  await kit.parts.recall?.(makeRecall({ peek: async (_, count) => messages.slice(-count) }, committedCodec))
  assert.deepEqual(await readyEvents(kit), [])
  await withChampion(kit)
  assert.deepEqual(
    (await readyEvents(kit)).map(({ sequence }) => sequence),
    [2],
  )
})

test('where the topic of champions was lost and made anew, each champion is said once more as it was', async (t) => {
  const kit = await openPromoter(t)
  await withChampion(kit)
  await judgeAll(kit, { generation: 2, intents: better })
  await withChampion(kit, 'bot-2')
  const before = await readyEvents(kit)
  const recall = makeRecall({ peek: async () => [] }, committedCodec)
  await kit.parts.recall?.(recall)
  assert.deepEqual(await readyEvents(kit), before, 'what is on its way is not said again')

  await kit.database.execute('delete from promoter.outbox')
  await kit.parts.recall?.(recall)
  assert.deepEqual(await readyEvents(kit), before.slice(1))

  await kit.database.execute('delete from promoter.outbox')
  await kit.database.execute("update promoter.champions set sequence = 7 where bot = 'bot-1' and sequence = 2")
  await kit.database.execute("update promoter.keys set champion_sequence = 7 where bot = 'bot-1'")
  await kit.parts.recall?.(recall)
  const [afterGap] = await readyEvents(kit)
  assert.deepEqual([afterGap?.sequence, afterGap?.replaces?.sequence], [7, 1])

  await kit.database.execute('update promoter.outbox set refused_at = now()')
  await kit.parts.recall?.(recall)
  assert.equal((await readyEvents(kit)).length, 4, 'what is set aside is not on its way')
})
