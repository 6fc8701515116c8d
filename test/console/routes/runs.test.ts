import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { BotId, JobTypeName, RunId } from '../../../schemas/words.ts'
import { at, type GivenEvent, given, promotedLife, run, signal } from '../given.ts'
import { openConsole } from '../open.ts'

const Page = z.object({ runs: z.array(z.looseObject({ run: RunId, state: z.string() })), next: RunId.nullable() })

async function listing(t: TestContext, history: readonly GivenEvent[]) {
  const { get } = await openConsole(t, history)
  return async (query: string) => Page.parse((await get(`/runs?${query}`)).body)
}

const letters = [...'abcdefg']

test('pages of runs cover every run once, newest first, also where many began in the same millisecond', async (t) => {
  const list = await listing(
    t,
    letters.map((letter, index) => given({ letter })('training.requested', { requestedAt: at(index < 4 ? 1 : index) })),
  )
  const seen: RunId[] = []
  for (let before: RunId | null = null; ; ) {
    const page: z.infer<typeof Page> = await list(`limit=2${before === null ? '' : `&before=${before}`}`)
    seen.push(...page.runs.map((item) => item.run))
    if (page.next === null) break
    before = page.next
  }
  assert.deepEqual(seen, [...'gfedcba'].map(run))
})

test('runs are listed by bot, job type and state, and by whether a person is to decide', async (t) => {
  const other = BotId.parse('help/desk')
  const nightly = JobTypeName.parse('nightly')
  const list = await listing(t, [
    given({ letter: 'a' })('run.started'),
    given({ letter: 'b' })('run.failed'),
    given({ letter: 'c' })('run.failed', { bot: other }),
    given({ letter: 'd' })('run.queued', { bot: other, jobType: nightly }),
    given({ letter: 'e' })('model.held', { jobType: nightly }),
  ])
  const table: [string, string][] = [
    ['', 'ebcad'],
    ['bot=shop', 'eba'],
    ['bot=help%2Fdesk', 'cd'],
    ['jobType=nightly', 'ed'],
    ['state=failed', 'bc'],
    ['bot=help%2Fdesk&state=failed', 'c'],
    ['jobType=nightly&state=queued', 'd'],
    ['held=true', 'e'],
    ['bot=help%2Fdesk&held=true', ''],
  ]
  for (const [query, expected] of table) {
    const { runs } = await list(query)
    assert.deepEqual(new Set(runs.map((item) => item.run)), new Set([...expected].map(run)), query)
  }
})

test('a wrong question is refused with the field that is wrong', async (t) => {
  const { get } = await openConsole(t)
  assert.equal((await get('/runs?limit=0')).status, 422)
  assert.match((await get('/runs?stat=failed')).body.error.message, /stat/)
  assert.equal((await get(`/runs?before=${run('a')}`)).status, 409)
  const missing = await get(`/runs/${run('a')}`)
  assert.equal(missing.status, 404)
  assert.match(missing.body.error.hint, /GET \/runs/)
})

test('a run tells its whole story in time order, with the facts as they are now', async (t) => {
  const successor = given({ letter: 'b', generation: 4, sequence: 5, number: 7 })
  const replaces = { run: run('a'), sequence: 4, model: successor('model.ready').data.model }
  const life = promotedLife({ letter: 'a' })
  const { get, tell } = await openConsole(t, life)
  const before = (await get(`/runs/${run('a')}`)).body
  assert.equal(before.inForce, true)
  assert.equal(before.state, 'succeeded')
  assert.equal(before.verdict.state, 'promoted')
  assert.match(before.story[0].what, /^Signal sig-\d+ of bot-edited came in; launched/)
  assert.match(before.story.at(-1).what, /^In force as champion number 4/)

  await tell(successor('model.ready', { replaces, decidedAt: at(500) }))
  const after = (await get(`/runs/${run('a')}`)).body
  assert.equal(after.inForce, false)
  assert.match(after.story.at(-1).what, /^No longer in force: run-b+ is champion number 5/)
  const times: string[] = after.story.map((entry: { time: string }) => entry.time)
  assert.deepEqual(times.toSorted(), times)
})

test('a run that answers ten thousand signals counts them all and tells the first hundred', async (t) => {
  const told = given({ letter: 'a' })
  const { get, tell } = await openConsole(t, [told('run.started')])
  const signals = Array.from({ length: 10_000 }, (_, index) =>
    told('signal.ended', { signal: signal(index), end: index === 0 ? 'launched' : 'coalesced' }),
  )
  await tell(...signals)
  const { body } = await get(`/runs/${run('a')}`)
  assert.deepEqual(body.signals, { launched: 1, coalesced: 9_999 })
  assert.equal(body.story.length, 101)
})
