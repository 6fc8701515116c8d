import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../../schemas/words.ts'
import { temporaryFolder, writeProgram } from './program.ts'
import { startRunApi } from './run-api.ts'
import { startRunner } from './runner.ts'

const ends: { what: string; training: string; predicting?: string; outcome: string; reason: RegExp }[] = [
  {
    what: 'exit code 10 is bad input',
    training: `console.error('no rows'); process.exit(10)`,
    outcome: 'badInput',
    reason: /exit code 10.*no rows/,
  },
  {
    what: 'any other exit code is a crash, with the last line as its reason',
    training: `console.log('boom'); process.exit(3)`,
    outcome: 'crashed',
    reason: /train ended with exit code 3.*boom/,
  },
  {
    what: 'a program that is killed has crashed',
    training: `process.kill(process.pid, 'SIGKILL'); await forever()`,
    outcome: 'crashed',
    reason: /SIGKILL/,
  },
  {
    what: 'a crash in the exam is a crash',
    training: '',
    predicting: 'process.exit(1)',
    outcome: 'crashed',
    reason: /predict ended/,
  },
  {
    what: 'a program that writes no model has bad output',
    training: 'process.exit(0)',
    outcome: 'badOutput',
    reason: /no file in model/,
  },
  {
    what: 'a program that writes no predictions has bad output',
    training: '',
    predicting: 'process.exit(0)',
    outcome: 'badOutput',
    reason: /predictions\.jsonl is missing/,
  },
  {
    what: 'a symbolic link in the model is refused',
    training: `writeModel(); fs.symlinkSync('/etc/passwd', join(output, 'model', 'link'))`,
    outcome: 'badOutput',
    reason: /model\/link is a symbolic link/,
  },
  {
    what: 'a model folder that is a symbolic link is refused',
    training: `fs.symlinkSync('/etc', join(output, 'model')); process.exit(0)`,
    outcome: 'badOutput',
    reason: /model is a symbolic link/,
  },
  {
    what: 'predictions that are a symbolic link are refused',
    training: '',
    predicting: `fs.symlinkSync('/etc/passwd', join(output, 'predictions.jsonl')); process.exit(0)`,
    outcome: 'badOutput',
    reason: /predictions\.jsonl is a symbolic link/,
  },
  {
    what: 'exit code 75 without saved work is a crash',
    training: 'process.exit(75)',
    outcome: 'crashed',
    reason: /no file in the checkpoint folder/,
  },
]

for (const { what, training, predicting, outcome, reason } of ends) {
  test(what, async (t) => {
    const api = await startRunApi(t)
    const runner = await startRunner(t, api.url, await writeProgram(t, training, predicting))
    assert.equal(await runner.ended, 0)
    assert.equal(api.ended?.outcome, outcome)
    assert.match(api.ended?.reason ?? '', reason)
    assert.equal(api.committed, undefined)
  })
}

test('exit code 75 with saved work is resumable, and the work is stored', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(t, `fs.writeFileSync(join(checkpoint, 'epoch'), '3'); process.exit(75)`)
  await (await startRunner(t, api.url, program)).ended
  assert.equal(api.ended?.outcome, 'resumable')
  assert.deepEqual(api.ended?.checkpoint, [{ path: 'epoch', digest: digestOf('3'), bytes: 1 }])
  assert.equal(api.blobs.get(digestOf('3'))?.toString(), '3')
})

test('D9: what a program saves in its exam reaches no training: what its training has saved is kept instead', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `fs.writeFileSync(join(checkpoint, 'epoch'), '3')`,
    `console.log('there: ' + fs.readdirSync(checkpoint).join())
     fs.copyFileSync(join(input, 'texts.jsonl'), join(checkpoint, 'texts'))
     process.exit(75)`,
  )
  await (await startRunner(t, api.url, program)).ended
  assert.equal(api.log.toString(), 'there: \n')
  assert.equal(api.ended?.outcome, 'resumable')
  assert.deepEqual(api.ended?.checkpoint, [{ path: 'epoch', digest: digestOf('3'), bytes: 1 }])
})

for (const [what, tampering] of [
  ['adds a file to', `fs.copyFileSync(join(input, 'texts.jsonl'), join(checkpoint, '../trained-checkpoint/texts'))`],
  ['writes into', `fs.copyFileSync(join(input, 'texts.jsonl'), join(checkpoint, '../trained-checkpoint/epoch'))`],
] as const)
  test(`D9: of a program that ${what} what its training has saved nothing is kept`, async (t) => {
    const api = await startRunApi(t)
    const saving = `fs.writeFileSync(join(checkpoint, 'epoch'), '3')`
    await (await startRunner(t, api.url, await writeProgram(t, saving, `${tampering}; process.exit(75)`))).ended
    assert.deepEqual([api.ended?.outcome, api.ended?.checkpoint], ['stopped', []])
    assert.match(api.ended?.reason ?? '', /what predict saves after a training is not kept/)
  })

for (const [does, lines] of [
  ['clears its checkpoint folder away', `fs.rmSync(checkpoint, { recursive: true })`],
  ['leaves a file in the place of it', `fs.rmSync(checkpoint, { recursive: true }); fs.writeFileSync(checkpoint, '')`],
  [
    'leaves a folder where it is put away',
    `fs.mkdirSync(join(checkpoint, '../trained-checkpoint')); fs.writeFileSync(join(checkpoint, '../trained-checkpoint/x'), '')`,
  ],
] as const) {
  test(`a training that ${does} goes on to its exam`, async (t) => {
    const api = await startRunApi(t)
    await (await startRunner(t, api.url, await writeProgram(t, lines))).ended
    assert.ok(api.committed)
  })
}

test('a program that is not there is a crash that names it', async (t) => {
  const api = await startRunApi(t)
  await (await startRunner(t, api.url, ['no-such-program'])).ended
  assert.equal(api.ended?.outcome, 'crashed')
  assert.match(api.ended?.reason ?? '', /no-such-program was not found/)
})

test('a program that is no program is a crash that says what is wrong with it', async (t) => {
  const api = await startRunApi(t)
  const file = join(await temporaryFolder(t), 'train.py')
  await writeFile(file, 'print(1)')
  await (await startRunner(t, api.url, [file])).ended
  assert.equal(api.ended?.reason, `train could not start: ${file} may not be executed by this user`)
})

test('predictions that the launcher rejects are bad output, in its words', async (t) => {
  const api = await startRunApi(t)
  api.misbehave = (call) => (call === 'POST /commit' ? { status: 422, code: 'badInput' } : undefined)
  await (await startRunner(t, api.url, await writeProgram(t))).ended
  assert.equal(api.ended?.outcome, 'badOutput')
  assert.equal(api.ended?.reason, 'predictions.jsonl: as the test told')
})

test('an API that answers a call with nothing but errors until the deadline is named as what the time went on', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, deadlineMs: 1_500 }
  api.misbehave = (call) => (call === 'POST /commit' ? { status: 500, code: 'broken' } : undefined)
  await (await startRunner(t, api.url, await writeProgram(t))).ended
  assert.equal(api.ended?.outcome, 'deadline')
  assert.match(
    api.ended?.reason ?? '',
    /^the attempt's deadline has passed: .*commit was answered with 500: as the test told/,
  )
})

test('I7: the whole log is stored before the end is told', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `process.stdout.write('a line\\n'.repeat(50_000) + 'the last', () => process.exit(3))`,
  )
  await (await startRunner(t, api.url, program)).ended
  assert.ok(api.log.toString().endsWith('the last\n'))
  assert.equal(api.log.length, 50_000 * 7 + 9)
  assert.equal(api.calls.at(-1), 'POST /end')
})

test('a disk that is full while the inputs come is said as such', { skip: process.platform !== 'linux' }, async (t) => {
  const api = await startRunApi(t)
  const workDirectory = await temporaryFolder(t)
  await mkdir(join(workDirectory, 'train/input'), { recursive: true })
  await symlink('/dev/full', join(workDirectory, 'train/input/train.jsonl'))
  await (await startRunner(t, api.url, ['true'], { workDirectory })).ended
  assert.equal(api.ended?.outcome, 'crashed')
  assert.match(api.ended?.reason ?? '', /^the disk is full \(ENOSPC/)
})

test('an input whose path climbs out of its folder is not written', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, inputs: [api.put('../../../escaped', 'x')] }
  await (await startRunner(t, api.url, ['true'])).ended
  assert.match(api.ended?.reason ?? '', /would lie outside its folder/)
})
