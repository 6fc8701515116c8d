import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BotId, JobTypeName } from '../../../schemas/words.ts'
import { at, given, run } from '../given.ts'
import { openConsole } from '../open.ts'

test('I4: an older change of champion that arrives late does not become the champion', async (t) => {
  const { get, tell } = await openConsole(t, [given({ letter: 'b', sequence: 5 })('model.ready')])
  await tell(given({ letter: 'a', sequence: 4 })('model.ready'))
  const { body } = await get('/champions')
  assert.deepEqual(
    body.champions.map((champion: { sequence: number }) => champion.sequence),
    [5],
  )
})

test('pages of champions cover every key once, whatever its bot is called', async (t) => {
  const bots = ['a', 'a/b', 'a/b/c', 'b', 'ä', '%'].map((name) => BotId.parse(name))
  const jobTypes = ['intents', 'nightly'].map((name) => JobTypeName.parse(name))
  const ready = given({ letter: 'a' })
  const { get } = await openConsole(
    t,
    bots.flatMap((bot) => jobTypes.map((jobType) => ready('model.ready', { bot, jobType }))),
  )
  const seen: string[] = []
  for (let next = ''; next !== null; ) {
    const { body } = await get(`/champions?limit=5${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`)
    for (const { bot, jobType } of body.champions) seen.push(`${bot} ${jobType}`)
    next = body.next
  }
  assert.equal(seen.length, 12)
  assert.deepEqual(new Set(seen).size, 12)
  assert.equal((await get('/champions?after=nothing')).status, 422)
})

test('a bot shows its champions with the changes before them, its latest runs and its held models', async (t) => {
  const { get } = await openConsole(t, [
    given({ letter: 'a', sequence: 1 })('model.ready'),
    given({ letter: 'b', sequence: 2 })('model.ready', { decidedAt: at(100) }),
    given({ letter: 'c' })('model.held', { decidedAt: at(200) }),
    given({ letter: 'd' })('run.queued', { bot: BotId.parse('another') }),
  ])
  const { body } = await get('/bots/shop')
  assert.equal(body.champions.length, 1)
  assert.equal(body.champions[0].run, run('b'))
  assert.deepEqual(
    body.champions[0].changes.map((change: { sequence: number }) => change.sequence),
    [2, 1],
  )
  assert.deepEqual(
    body.runs.map((item: { run: string; inForce: boolean }) => [item.run, item.inForce]),
    [
      [run('c'), false],
      [run('b'), true],
      [run('a'), false],
    ],
  )
  assert.deepEqual(
    body.held.map((item: { run: string }) => item.run),
    [run('c')],
  )
  assert.equal((await get('/bots/nobody')).status, 404)
})
