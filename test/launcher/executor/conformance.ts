import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { AttemptName } from '../../../schemas/words.ts'
import type { AttemptToStart, Executor } from '../../../services/launcher/executor/executor.ts'
import { eventually } from '../../harness/eventually.ts'
import { attemptName, type RunApiServer } from '../../runner/run-api.ts'
import { ended, isThere } from './attempts.ts'
import { type Hearts, listenForHearts } from './heart.ts'

export interface Subject {
  /** What the attempts of the test talk to. */
  readonly api: RunApiServer
  /** One more executor of the same place, as of another launcher or of the next; closed when the test ends. */
  open(): Executor
  /** An attempt whose program does `training` before it trains: another program with each call, and the same name. */
  attempt(training?: string, changes?: Partial<AttemptToStart>): Promise<AttemptToStart>
  /** Throws if more was ever there of an attempt than one. */
  check?(): Promise<void>
}

/** Longer than a runner takes to end its program in order, and to say so, on however slow a machine. */
const patientMs = 30_000

interface Scene extends Subject {
  readonly hearts: Hearts
}

const claims = ({ calls }: RunApiServer): number => calls.filter((call) => call === 'POST /claim').length

/** Of which attempts it tells. */
function hear(executor: Executor): AttemptName[] {
  const told: AttemptName[] = []
  executor.onChange((name) => told.push(name))
  return told
}

/** It has ended, and nothing of it had any life left when that was said. */
async function endsWhole(executor: Executor, hearts: Hearts) {
  const end = await ended(executor)
  const saidMs = Date.now()
  const lastBeatMs = await hearts.stopped()
  assert.ok(lastBeatMs <= saidMs, `it still lived ${lastBeatMs - saidMs} ms after its end was said`)
  return end
}

/** What the port promises, whatever carries the attempts out. */
export function executorConformance(setup: (t: TestContext) => Promise<Subject>): void {
  function guarantee(title: string, prove: (scene: Scene) => Promise<void>): void {
    test(title, async (t) => {
      const hearts = await listenForHearts(t)
      const subject = await setup(t)
      await prove({ ...subject, hearts })
      await subject.check?.()
    })
  }

  guarantee(
    'an attempt runs to its end, is told to all, stays until its release, and leaves nothing',
    async ({ api, open, attempt, hearts }) => {
      const [executor, other] = [open(), open()]
      const told = [hear(executor), hear(executor), hear(other)]
      assert.deepEqual(await executor.observe(attemptName), { state: 'absent' })
      await executor.start(await attempt(hearts.beatingUntilTold))
      await hearts.begun()
      await eventually(async () => (await other.observe(attemptName)).state === 'running')
      for (const each of told) each.length = 0
      hearts.letGo()
      for (const each of told) await eventually(() => each.includes(attemptName), { what: 'every listener being told' })
      const end = await ended(executor)
      assert.deepEqual([end.exitCode, end.signal], [0, null])
      assert.ok(api.committed)
      assert.deepEqual(await executor.list(), [attemptName])
      await executor.release(attemptName)
      await isGone(executor)
    },
  )

  guarantee(
    'a name that is absent is stopped, released and asked for remarks without an error',
    async ({ open, attempt }) => {
      const executor = open()
      const isNoError = async () => {
        await executor.stop(attemptName, 5_000)
        await executor.release(attemptName)
        assert.deepEqual(await executor.remarks(attemptName), [])
        await isGone(executor)
      }
      await isNoError()
      await executor.start(await attempt())
      await ended(executor)
      await executor.stop(attemptName, 5_000)
      assert.equal((await executor.observe(attemptName)).state, 'ended')
      await executor.release(attemptName)
      await isNoError()
    },
  )

  guarantee(
    'I1: however often and at once an attempt is started, by however many, there is one runner and one claim',
    async ({ api, open, attempt }) => {
      const [one, other] = [open(), open()]
      const same = await attempt()
      await Promise.all([one, other, one, other, one].map((executor) => executor.start(same)))
      await one.start(same)
      await ended(one)
      await other.start(same)
      assert.equal((await ended(other)).exitCode, 0)
      assert.deepEqual([claims(api), api.calls.filter((call) => call === 'POST /commit').length], [1, 1])
      assert.deepEqual(await other.list(), [attemptName])
    },
  )

  guarantee(
    'D6: a name that was started as something else is refused, not adopted, and is none the worse for it',
    async ({ api, open, attempt, hearts }) => {
      const executor = open()
      await executor.start(await attempt(hearts.beatingUntilTold))
      const refused = { code: 'conflict', retryable: false }
      await assert.rejects(executor.start(await attempt()), refused)
      await assert.rejects(open().start(await attempt()), refused)
      await hearts.begun()
      hearts.letGo()
      await ended(executor)
      await assert.rejects(executor.start(await attempt()), refused)
      assert.ok(api.committed)
      assert.equal(claims(api), 1)
    },
  )

  guarantee(
    'what is closed leaves its attempts alone, and the next adopts them and hears their end',
    async ({ api, open, attempt, hearts }) => {
      const first = open()
      const told = hear(first)
      const same = await attempt(hearts.beatingUntilTold)
      await first.start(same)
      await hearts.begun()
      await first.close()
      told.length = 0
      const second = open()
      const toldToSecond = hear(second)
      await second.start(same)
      const seen = await eventually(async () => {
        const observed = await second.observe(attemptName)
        return observed.state === 'running' && observed
      })
      assert.notEqual(seen.handle, '')
      assert.deepEqual(await second.list(), [attemptName])
      toldToSecond.length = 0
      hearts.letGo()
      await eventually(() => toldToSecond.includes(attemptName), { what: 'the end being told' })
      assert.equal((await ended(second)).exitCode, 0)
      assert.ok(api.committed)
      assert.equal(claims(api), 1)
      assert.deepEqual(told, [])
    },
  )

  guarantee('its handle is the same for everybody and at all times', async ({ open, attempt, hearts }) => {
    const [one, other] = [open(), open()]
    await one.start(await attempt(hearts.beatingUntilTold))
    await hearts.begun()
    const handles = await Promise.all(
      [one, other, one].map((executor) =>
        eventually(async () => {
          const seen = await executor.observe(attemptName)
          return seen.state === 'running' && seen.handle
        }),
      ),
    )
    assert.equal(new Set(handles).size, 1)
  })

  guarantee('an attempt that is there is not released', async ({ open, attempt, hearts }) => {
    const executor = open()
    await executor.start(await attempt(hearts.beatingUntilTold))
    await assert.rejects(executor.release(attemptName), { code: 'conflict' })
    await hearts.begun()
    assert.ok(isThere(await executor.observe(attemptName)))
    await assert.rejects(executor.release(attemptName), { code: 'conflict' })
    await executor.stop(attemptName, 0)
    await assert.doesNotReject(
      eventually(async () => {
        if (isThere(await executor.observe(attemptName))) return false
        await executor.release(attemptName)
        return true
      }),
    )
    await isGone(executor)
  })

  guarantee('stop ends at once what has not begun yet, and it never begins', async ({ api, open, attempt, hearts }) => {
    const executor = open()
    await executor.start(await attempt(hearts.beating))
    const stop = () => executor.stop(attemptName, 60_000)
    await stop()
    await eventually(async () => {
      const seen = await executor.observe(attemptName)
      if (isThere(seen) && 'isForsaken' in seen) await stop()
      return !isThere(seen)
    })
    await endsWhole(executor, hearts)
    assert.equal(api.committed, undefined)
    assert.equal(api.model, undefined)
  })

  guarantee('stop asks the program, and what it saves counts', async ({ api, open, attempt, hearts }) => {
    api.claim = { ...api.claim, graceMs: patientMs }
    const executor = open()
    const saving = `process.on('SIGTERM', () => { fs.writeFileSync(join(checkpoint, 'saved'), ''); process.exit(75) })`
    await executor.start(await attempt(`${saving}; ${hearts.beatingUntilTold}`))
    await hearts.begun()
    await executor.stop(attemptName, patientMs)
    await executor.stop(attemptName, patientMs)
    await endsWhole(executor, hearts)
    assert.equal(api.ended?.outcome, 'resumable')
    assert.deepEqual(
      api.ended?.checkpoint.map(({ path }) => path),
      ['saved'],
    )
  })

  guarantee('an adopted attempt is stopped like any other', async ({ api, open, attempt, hearts }) => {
    await open().start(await attempt(hearts.beatingUntilTold))
    await hearts.begun()
    const next = open()
    await next.stop(attemptName, patientMs)
    await endsWhole(next, hearts)
    assert.equal(api.ended?.outcome, 'stopped')
  })

  const ignores = `process.on('SIGTERM', () => {})`

  guarantee(
    'a program that ignores SIGTERM is ended after the grace time, with all of its children, and the end is told',
    async ({ api, open, attempt, hearts }) => {
      api.claim = { ...api.claim, graceMs: 100 }
      const executor = open()
      await executor.start(await attempt(`${ignores}; ${hearts.childBeating}; ${hearts.beatingUntilTold}`))
      await hearts.begun(2)
      await executor.stop(attemptName, patientMs)
      await endsWhole(executor, hearts)
      assert.equal(api.ended?.outcome, 'stopped')
    },
  )

  guarantee(
    'to be stopped again and again does not lengthen the grace time, and after it all ends by force',
    async ({ api, open, attempt, hearts }) => {
      // Longer than the test would wait: the runner will not end it.
      api.claim = { ...api.claim, graceMs: 600_000 }
      const executor = open()
      await executor.start(await attempt(`${ignores}; ${hearts.beatingUntilTold}`))
      await hearts.begun()
      await executor.stop(attemptName, 100)
      for (const again of [executor, open()]) await again.stop(attemptName, 600_000)
      await endsWhole(executor, hearts)
      assert.equal(api.ended, undefined)
    },
  )

  guarantee('to be stopped anew shortens the grace time', async ({ api, open, attempt, hearts }) => {
    api.claim = { ...api.claim, graceMs: 600_000 }
    const executor = open()
    await executor.start(await attempt(`${ignores}; ${hearts.beatingUntilTold}`))
    await hearts.begun()
    await executor.stop(attemptName, 600_000)
    await executor.stop(attemptName, 0)
    await endsWhole(executor, hearts)
  })

  guarantee('nothing of a program outlives its attempt', async ({ api, open, attempt, hearts }) => {
    const executor = open()
    const hasChild = `${hearts.childBeating}; ${hearts.beatingUntilTold}`
    await executor.start(await attempt(hasChild))
    await hearts.begun(2)
    hearts.letGo()
    await endsWhole(executor, hearts)
    assert.ok(api.committed)
  })

  guarantee('how a program failed is for its runner to tell', async ({ api, open, attempt }) => {
    const executor = open()
    await executor.start(await attempt('process.exit(3)'))
    assert.equal((await ended(executor)).exitCode, 0)
    assert.equal(api.ended?.outcome, 'crashed')
    assert.match(api.ended?.reason ?? '', /exit code 3/)
  })

  guarantee('a runner that nobody hears ends, and its last words are known', async ({ open, attempt }) => {
    const executor = open()
    await executor.start(await attempt('', { runApiUrl: 'http://127.0.0.1:9', deadlineMs: 1_000 }))
    const end = await ended(executor)
    assert.equal(end.exitCode, 1)
    assert.match(end.reason, /there was no time left for the launcher's answer/)
  })
}

async function isGone(executor: Executor): Promise<void> {
  await eventually(async () => (await executor.observe(attemptName)).state === 'absent', { what: 'it being absent' })
  await eventually(async () => (await executor.list()).length === 0, { what: 'an empty list' })
}
