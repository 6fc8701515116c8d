import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followLog } from '../../services/launcher/follow.ts'
import { belowCap } from '../../services/launcher/logs.ts'
import { makeNews } from '../../services/launcher/news.ts'
import { eventually } from '../harness/eventually.ts'
import { type LauncherKit, launcherKit } from './launcher-kit.ts'
import type { ScriptedRunner } from './scripted-runner.ts'

const write = (runner: ScriptedRunner, offset: number, text: string) =>
  runner.call<{ nextOffset: number }>('PUT', `/logs?runner=${runner.runner}&offset=${offset}`, Buffer.from(text))
const read = async (kit: LauncherKit, run: string, query = '') =>
  (await kit.inject({ url: `/runs/${run}/logs${query}`, headers: { host: 'localhost' } })).body

test('log that is sent twice is kept once, and log at a wrong place is refused with the right one', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  assert.equal((await write(runner, 0, 'one\n')).body.nextOffset, 4)
  assert.equal((await write(runner, 0, 'one\n')).body.nextOffset, 4)
  assert.equal((await write(runner, 0, 'one\ntwo\n')).body.nextOffset, 8, 'what overlaps is taken from where it is new')
  const gap = await write(runner, 20, 'three\n')
  assert.deepEqual([gap.status, gap.error?.details], [409, { expectedOffset: 8 }])
  assert.equal(await read(kit, run), 'one\ntwo\n')
})

test('the logs of all attempts come one after the other, and each alone', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { backoffSeconds: 0 } } })
  for (const text of ['first\n', 'second\n']) {
    await kit.settle()
    const runner = kit.runnerOf(run)
    await runner.claim()
    await write(runner, 0, text)
    await runner.end({ outcome: 'crashed' })
    kit.executor.exits(runner.attempt)
  }
  assert.equal(await read(kit, run), 'first\n--- attempt 2 ---\nsecond\n')
  assert.equal(await read(kit, run, `?attempt=${run}-2`), 'second\n')
})

test('a follower sees log as it comes, and its stream ends when the run does', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { limit: 0 } } })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  const address = await kit.app.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(`${address}/runs/${run}/logs?follow=true`, { signal: AbortSignal.timeout(20_000) })
  assert.ok(response.body)
  let seen = ''
  const done = (async () => {
    for await (const part of response.body ?? []) seen += Buffer.from(part).toString()
  })()
  await write(runner, 0, 'working\n')
  await eventually(() => seen === 'working\n')
  await write(runner, 8, 'failing\n')
  await runner.end({ outcome: 'crashed' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  await done
  assert.equal(seen, 'working\nfailing\n')
})

test('log beyond the limit is taken in and not kept, and a mark says so', () => {
  assert.equal(String(belowCap(Buffer.from('abc'), 0, 5)), 'abc')
  assert.match(String(belowCap(Buffer.from('defg'), 3, 5)), /^de\n\[the log was cut here/)
  assert.equal(belowCap(Buffer.from('h'), 7, 5).byteLength, 0)
})

test('a runner that sends 1 MB and more for ever fills no disk', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { logLimitMiB: 0.001 } })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  const piece = 'x'.repeat(500_000)
  for (let offset = 0; offset < 2_000_000; offset += piece.length) {
    assert.equal((await write(runner, offset, piece)).body.nextOffset, offset + piece.length)
  }
  const rows = await kit.database.query<{ bytes: number }>('select sum(length(data)) as bytes from launcher.log_chunks')
  assert.ok((rows[0]?.bytes ?? 0) < 70_000)
})

test('the log of a run or an attempt that does not exist is not found', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  for (const path of [
    '/runs/run-zzzzzzzzzz/logs',
    `/runs/${run}/logs?attempt=run-zzzzzzzzzz-1`,
    `/runs/${run}/logs?attempt=${run}-9`,
  ]) {
    assert.equal((await kit.inject({ url: path, headers: { host: 'localhost' } })).statusCode, 404)
  }
})

test('a follower that is gone asks for nothing more, however long the log stays silent', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const gone = new AbortController()
  const log = followLog({ database: kit.database, news: makeNews() }, run, undefined, true, gone.signal)
  await log.next()
  const next = log.next()
  gone.abort()
  assert.deepEqual(await next, { done: true, value: undefined })
})

test('and the server hears that it is gone', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const address = await kit.app.listen({ host: '127.0.0.1', port: 0 })
  const leaving = new AbortController()
  await fetch(`${address}/runs/${run}/logs?follow=true`, { signal: leaving.signal })
  let asked = 0
  const { query } = kit.database
  kit.database.query = (text, values) => {
    if (text.includes('launcher.')) asked += 1
    return query(text, values)
  }
  await eventually(() => asked > 0, { what: 'a follower that looks' })
  leaving.abort()
  await eventually(
    async () => {
      const before = asked
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return asked === before
    },
    { what: 'nobody looking any more' },
  )
})
