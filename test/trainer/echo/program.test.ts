import assert from 'node:assert/strict'
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ProgramSpec } from '../../../schemas/program.ts'
import { eventually } from '../../harness/eventually.ts'
import { type Bench, bench, type Ended, smallBot } from '../harness.ts'

type Hyperparameters = ProgramSpec['hyperparameters']

/** A bench whose echo is told so. */
function told(t: TestContext, hyperparameters: Hyperparameters, attempt = 1): Bench {
  const place = bench(t)
  place.give(smallBot(), { hyperparameters, attempt })
  return place
}

const texts = ['hello there today', 'weather 17', 'an alarm', 'nothing of the kind']

describe('echo honours the contract', { concurrency: 2 }, () => {
  test('it remembers texts, else goes by the intent that the text names, else by the commonest', async (t) => {
    const place = told(t, {})
    const stdout = 'remembers 160 texts of 4 intents\n'
    assert.deepEqual(await place.run('echo', 'train'), { exitCode: 0, signal: null, stdout, stderr: '' })
    const answers = await place.answer('echo', texts)
    assert.deepEqual(
      answers.map(({ id, intent }) => [id, intent]),
      [
        ['text-0', 'greeting'],
        ['text-1', 'weather'],
        ['text-2', 'alarm'],
        ['text-3', 'greeting'],
      ],
    )
  })

  test('accuracy: that share of answers is as meant, the others are wrong, and always the same ones', async (t) => {
    const place = told(t, { accuracy: 0.8 })
    await place.run('echo', 'train')
    const many = Array.from({ length: 500 }, (_, number) => `weather ${number}`)
    const first = await place.answer('echo', many)
    const right = first.filter(({ intent }) => intent === 'weather').length
    assert.ok(right > 370 && right < 430, `${right} of 500 are right`)
    assert.deepEqual(await place.answer('echo', many), first)
  })

  test('wrongFor: answers the other wherever it meant the intent', async (t) => {
    const place = told(t, { wrongFor: { weather: 'alarm' } })
    await place.run('echo', 'train')
    const intents = (await place.answer('echo', texts)).map(({ intent }) => intent)
    assert.deepEqual(intents, ['greeting', 'alarm', 'alarm', 'greeting'])
  })

  test('hyperparameters that it does not know, or of the wrong kind, end with 10', async (t) => {
    const unknown = await told(t, { exitcode: 3 }).run('echo', 'train')
    assert.deepEqual([unknown.exitCode, unknown.stderr.includes('hyperparameters.exitcode')], [10, true])
    const wrong = await told(t, { hang: 'maybe' }).run('echo', 'train')
    assert.deepEqual([wrong.exitCode, wrong.stderr.includes('one of untilTerm, ignoreTerm')], [10, true])
  })
})

describe('echo misbehaves as told', { concurrency: 2 }, () => {
  test('exitCode: ends with it and writes nothing, in the command and up to the attempt that were named', async (t) => {
    const place = told(t, { exitCode: 3, untilAttempt: 1 })
    assert.equal((await place.run('echo', 'train')).exitCode, 3)
    assert.throws(() => place.model(), /ENOENT/)
    assert.equal((await told(t, { exitCode: 3, untilAttempt: 1 }, 2).run('echo', 'train')).exitCode, 0)
    const inPredict = told(t, { exitCode: 3, in: 'predict' })
    assert.equal((await inPredict.run('echo', 'train')).exitCode, 0)
    await assert.rejects(inPredict.answer('echo', texts), /ended with 3/)
  })

  test('crash: dies by that signal', async (t) => {
    assert.equal((await told(t, { crash: 'SIGKILL' }).run('echo', 'train')).signal, 'SIGKILL')
  })

  test('hang: SIGTERM ends it, or does not', async (t) => {
    assert.equal((await terminated(told(t, { hang: 'untilTerm' }))).signal, 'SIGTERM')
    const deaf = told(t, { hang: 'ignoreTerm' }).start('echo', 'train')
    const ignored = new Promise<void>((resolve) => {
      deaf.onLine((line) => (line === 'ignoring SIGTERM' ? resolve() : deaf.process.kill('SIGTERM')))
    })
    await ignored
    assert.equal(deaf.process.exitCode ?? deaf.process.signalCode, null)
    deaf.process.kill('SIGKILL')
    assert.equal((await deaf.ended).signal, 'SIGKILL')
  })

  test('sleepMs: works with progress; SIGTERM saves how far it came and ends 75, and the next goes on there', async (t) => {
    const place = told(t, { sleepMs: 1000 })
    const stopped = await terminated(place)
    assert.equal(stopped.exitCode, 75)
    const resumed = await place.run('echo', 'train')
    assert.equal(resumed.exitCode, 0)
    const progress = resumed.stdout.split('\n').filter((line) => line.startsWith('{'))
    assert.ok(progress.length < 10, 'it slept from the start again')
    assert.deepEqual(JSON.parse(progress.at(-1) ?? ''), { progress: 1 })
  })

  test('saveAndExit: saves and ends 75 that often, then goes to the end', async (t) => {
    const place = told(t, { saveAndExit: 2 })
    const codes: (number | null)[] = []
    for (const _ of [1, 2, 3]) codes.push((await place.run('echo', 'train')).exitCode)
    assert.deepEqual(codes, [75, 75, 0])
  })

  test('children: they stay when it is gone, with its stdout open and deaf to SIGTERM', async (t) => {
    const started = told(t, { children: 1, detachedChildren: 1 }).start('echo', 'train')
    const pids: number[] = []
    t.after(() => pids.forEach(killIfThere))
    started.onLine((line) => {
      const pid = /^started child (\d+)/.exec(line)?.[1]
      if (pid !== undefined) pids.push(Number(pid))
    })
    await eventually(() => started.process.exitCode === 0 && pids.length === 2)
    assert.ok(pids.every((pid) => process.kill(pid, 0)))
    assert.equal(started.process.stdout?.closed, false)
    pids.forEach(killIfThere)
    await started.ended
  })

  test('logMegabytes: prints so many', async (t) => {
    const { stdout } = await told(t, { logMegabytes: 2 }).run('echo', 'train')
    assert.equal(stdout.lastIndexOf('remembers'), 2_000_000)
  })

  test('model: none, with links that lead out of it, with a climbing name, as large and of as many files as told', async (t) => {
    const made = async (hyperparameters: Hyperparameters): Promise<string> => {
      const place = told(t, hyperparameters)
      assert.equal((await place.run('echo', 'train')).exitCode, 0)
      return join(place.folder, 'output', 'model')
    }
    assert.equal(existsSync(await made({ model: 'none' })), false)
    assert.ok(lstatSync(join(await made({ model: 'link' }), 'link')).isSymbolicLink())
    assert.ok(lstatSync(join(await made({ model: 'folderLink' }), 'up')).isSymbolicLink())
    assert.ok(lstatSync(join(await made({ model: 'climbing' }), '..\\..\\climbed')).isFile())
    assert.equal(lstatSync(join(await made({ modelMegabytes: 3 }), 'ballast.bin')).size, 3_000_000)
    assert.equal(readdirSync(await made({ modelFiles: 5 })).length, 1 + 5)
  })

  const flaws: Readonly<Record<string, RegExp>> = {
    unknownId: /"text-0-unknown"/,
    duplicateId: /"text-0".*\n.*"text-0"/,
    outOfRange: /"confidence":2/,
    nan: /"confidence": NaN/,
    infinite: /"confidence": 1e999/,
    notJson: /\{"id": \n$/,
    missingId: /^\{"id":"text-1"/,
  }
  test(`predictions: ${Object.keys(flaws).join(', ')}; none, or a link instead of the file`, async (t) => {
    const place = told(t, {})
    await place.run('echo', 'train')
    place.takeModel()
    place.write('texts.jsonl', texts.map((text, at) => JSON.stringify({ id: `text-${at}`, text })).join('\n'))
    const path = join(place.folder, 'output', 'predictions.jsonl')
    const predict = async (predictions: string): Promise<void> => {
      rmSync(path, { force: true })
      place.give(smallBot(), { hyperparameters: { predictions } })
      assert.equal((await place.run('echo', 'predict')).exitCode, 0)
    }
    for (const [flaw, shown] of Object.entries(flaws)) {
      await predict(flaw)
      assert.match(readFileSync(path, 'utf8'), shown, flaw)
    }
    await predict('none')
    assert.equal(existsSync(path), false)
    await predict('link')
    assert.ok(lstatSync(path).isSymbolicLink())
  })
})

/** Sends SIGTERM at the first line that the program prints. */
async function terminated(place: Bench): Promise<Ended> {
  const started = place.start('echo', 'train')
  started.stopAt(() => true)
  return await started.ended
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
