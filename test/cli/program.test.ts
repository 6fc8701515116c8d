import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

const commands = [
  'dev',
  'demo',
  'publish',
  'train',
  'datasets',
  'triggers',
  'why',
  'runs',
  'run',
  'logs',
  'evaluation',
  'champions',
  'signals',
  'predict',
  'approve',
  'reject',
  'rollback',
  'unpin',
  'cancel',
  'verdict',
  'slots',
  'dead-letters',
  'topics',
  'config',
]

test('help lists every command in its group, with examples, the environment and the exit codes', async () => {
  const { exitCode, out, err } = await trainyard(['--help'])
  assert.equal(exitCode, 0)
  assert.equal(err, '')
  for (const command of commands) assert.match(out, new RegExp(`^ {2}${command}\\b`, 'm'))
  for (const heading of [
    'Server:',
    'Tell it about changes:',
    'See what happens:',
    'Decide:',
    'Operate:',
    'Examples:',
  ]) {
    assert.ok(out.includes(`\n${heading}\n`), heading)
  }
  assert.match(out, /TRAINYARD_CONSOLE_URL\. Exit codes: 0 done, 1 failed, 2 used wrongly\./)
})

test('every command has a help of its own that shows the global options too', async () => {
  for (const command of commands) {
    const { exitCode, out } = await trainyard([command, '--help'])
    assert.equal(exitCode, 0, command)
    assert.match(out, new RegExp(`^Usage: trainyard ${command}`), command)
    assert.match(out, /--json/, command)
  }
})

test('the help of commands that have further ones sums up each of those on a line of its own', async () => {
  for (const command of ['datasets', 'triggers', 'dead-letters', 'topics', 'config']) {
    const { out } = await trainyard([command, '--help'])
    const [, listed = ''] = out.split('\nCommands:\n')
    for (const line of listed.trimEnd().split('\n')) assert.match(line, /^ {2}\S.* {2}[a-z].*[^.]$/, command)
  }
})

test('no help tells two defaults of one option', async () => {
  for (const command of commands) {
    assert.doesNotMatch((await trainyard([command, '--help'])).out, /\(default[^\n]*\(default/, command)
  }
})

test('the version is printed on stdout', async () => {
  assert.deepEqual(await trainyard(['--version']), { exitCode: 0, out: '1.2.3\n', err: '' })
})

const wrongUse: readonly (readonly [words: string, message: RegExp])[] = [
  ['frob', /unknown command 'frob'/],
  ['rusn', /unknown command 'rusn'\. Did you mean one of run, runs\?/],
  ['runs --frob', /unknown option '--frob'/],
  ['runs --state dancing', /argument 'dancing' is invalid/],
  ['runs --limit 0', /Expected a whole number from 1 to 200/],
  ['runs --url nonsense', /"nonsense" is not the URL of a server/],
  ['approve run-aaaaaaaaaa', /required option '--reason <text>'/],
  ['rollback helpdesk --reason x --to yesterday', /Expected a run, or the number of a champion/],
  ['slots intents 3', /a change of slots needs a reason\. Give one with --reason\./],
  ['slots intents many --reason x', /Expected a whole number/],
  ['verdict', /which model is meant is not clear\. Give a run, or --all\./],
  ['dead-letters replay --reason x', /Give the number of one, or --all\./],
  [
    'dead-letters replay 42 --dry-run --reason x',
    /--dry-run means nothing with the number of one\..* Nothing was sent\./,
  ],
  ['dead-letters replay 42 --topic bot.events --reason x', /--topic means nothing with the number of one/],
  ['dead-letters replay --all --force --reason x', /--force means nothing with --all/],
  ['predict helpdesk', /there is nothing to answer\. Give a --text/],
  ['triggers test bot-edited --from x.json --last 5', /messages come from a file or from a topic\. Give --from, or/],
  ['publish', /there is nothing to publish\. Say which bot/],
  ['dev --port 70000', /Expected a whole number from 0 to 65535/],
]

for (const [words, message] of wrongUse) {
  test(`"trainyard ${words}" is wrong use: exit code 2, said on stderr, nothing on stdout`, async () => {
    const { exitCode, out, err } = await trainyard(words.split(' '))
    assert.equal(exitCode, 2)
    assert.equal(out, '')
    assert.match(err, /^trainyard: /)
    assert.match(err, message)
  })
}

test('without a command the help is printed on stderr, and that is wrong use', async () => {
  const { exitCode, out, err } = await trainyard([])
  assert.deepEqual([exitCode, out], [2, ''])
  assert.match(err, /^Usage: trainyard/)
})

test('what the server refuses ends with exit code 1, and its message and hint on one line', async (t) => {
  const { url } = await fakeServer(t, {
    'GET /champions': {
      status: 503,
      json: { error: { code: 'unavailable', message: 'the disk is full', hint: 'Free some' } },
    },
  })
  assert.deepEqual(await trainyard(['champions', '--url', url]), {
    exitCode: 1,
    out: '',
    err: 'trainyard: the disk is full. Free some.\n',
  })
})

const sums = {
  received: 3,
  launched: 1,
  coalesced: 1,
  unchanged: 0,
  rejected: 0,
  deadLettered: 1,
  waiting: 0,
  balanced: true,
}

test('--json prints all that the server said, before or after the command, and the environment names the server', async (t) => {
  const { url, asked } = await fakeServer(t, { 'GET /signals': { json: { ...sums, added: 'by a newer server' } } })
  for (const words of [
    ['--json', 'signals'],
    ['signals', '--json'],
  ]) {
    const { exitCode, out } = await trainyard(words, { TRAINYARD_URL: url, TRAINYARD_API_TOKEN: 'secret' })
    assert.equal(exitCode, 0)
    assert.deepEqual(JSON.parse(out), { ...sums, added: 'by a newer server' })
  }
  assert.equal(asked[0]?.headers.authorization, 'Bearer secret')
})

test('D8 as people see it: the sum and whether it is right', async (t) => {
  const { url } = await fakeServer(t, { 'GET /signals': { json: { ...sums, balanced: false } } })
  const { out } = await trainyard(['signals', '--url', url])
  assert.match(out, /^ +3 {2}received\n= +1 {2}launched\n\+ +1 {2}coalesced\n/)
  assert.match(out, /The sum is wrong: a signal is lost or counted twice\./)
})

test('the last run of a job type is told also where another one has had all the latest runs of the bot', async (t) => {
  const time = '2026-03-01T12:00:00Z'
  const run = {
    bot: 'b',
    generation: 1,
    begunAt: time,
    startedAt: time,
    request: null,
    model: null,
    evaluation: null,
    verdict: null,
    promotions: [],
    inForce: false,
    state: 'failed',
    end: { endedAt: time, outcome: 'crashed', reason: 'exit code 1', actor: null, by: null },
  }
  const signals = ['busy', 'quiet'].map((jobType) => {
    return { signal: 'sig-1', trigger: 't', bot: 'b', jobType, receivedAt: time, end: 'launched', run: 'run-a' }
  })
  const { url } = await fakeServer(t, {
    'GET /requests': { json: { requests: [] } },
    'GET /queue': { json: [] },
    'GET /keys/b': { json: { keys: [] } },
    'GET /signals': { json: { signals: signals.map((each) => ({ ...each, reason: 'run-a started', endedAt: time })) } },
    'GET /bots/b': { json: { bot: 'b', champions: [], runs: [{ ...run, run: 'run-b', jobType: 'busy' }], held: [] } },
    'GET /runs': { json: { runs: [{ ...run, run: 'run-q', jobType: 'quiet' }], next: null } },
  })
  const { out } = await trainyard(['why', 'b', '--job-type', 'quiet', '--url', url])
  assert.match(out, /^run-q failed .*: exit code 1\.\n/)
})

test('slots of a job type that has left the configuration are not said to be configured', async (t) => {
  const gone = { jobType: 'gone', slots: 3, configured: null, chosen: null, used: ['run-a'], retiring: 0 }
  const chosen = { slots: 1, actor: 'ada', reason: 'less' }
  const { url } = await fakeServer(t, {
    'GET /slots': { json: [gone, { ...gone, jobType: 'lost', slots: 1, chosen }] },
  })
  const { out } = await trainyard(['slots', '--url', url])
  assert.match(out, /^gone +3 +1 +no longer in the configuration: what was requested before still runs, nothing new/m)
  assert.match(out, /^lost +1 +1 +no longer in the configuration: .*; ada: less$/m)
  assert.doesNotMatch(out, /as configured|null/)
})

test('a list of runs that is empty for what was asked is not said to be empty altogether', async (t) => {
  const { url } = await fakeServer(t, { 'GET /runs': { json: { runs: [], next: null } } })
  assert.match((await trainyard(['runs', '--url', url])).out, /^No runs yet\./)
  for (const words of [['--bot', 'b'], ['--job-type', 'a'], ['--state', 'failed'], ['--held'], ['--before', 'run-a']]) {
    assert.equal((await trainyard(['runs', ...words, '--url', url])).out, 'There is no such run.\n')
  }
})

test('a bot with a very long id leaves the other columns of a table in sight', async (t) => {
  const time = '2026-03-01T12:00:00Z'
  const key = { bot: 'b'.repeat(200), jobType: 'intents', run: 'run-a', generation: 1, reason: 'better' }
  const champion = { ...key, sequence: 1, evaluation: 'eval-1', decidedAt: time, decidedBy: 'policy', actor: null }
  const model = { url: 'http://x/models/sha256:0', digest: 'sha256:0' }
  const { url } = await fakeServer(t, {
    'GET /champions': { json: { champions: [{ ...champion, model }], next: null } },
    'POST /verdicts/preview': {
      json: [{ ...key, verdict: 'hold', rule: 'pin', reasons: [], was: 'hold', state: 'held' }],
    },
  })
  for (const words of [['champions'], ['verdict', '--all']]) {
    const { out } = await trainyard([...words, '--url', url])
    assert.match(out, /\bb{29}… {2}intents /)
  }
})

test('asked with the beginning of an id, a model that is not found is told apart from a bot without one', async (t) => {
  const { url } = await fakeServer(t, {})
  for (const id of ['run-abc', 'sha256:12ab']) {
    const { exitCode, err } = await trainyard(['predict', id, '--text', 'x', '--url', url])
    assert.equal(exitCode, 1)
    assert.match(err, /no model is in force for .*give all of its id/)
  }
  assert.match((await trainyard(['predict', 'b', '--text', 'x', '--url', url])).err, /See why: trainyard why b\./)
})

test('an event that is refused and names no dataset is told how it would name one', async (t) => {
  const refused = { code: 'badInput', message: 'the event is refused: /data/dataset/uri: is missing' }
  const { url } = await fakeServer(t, { 'POST /events': { status: 422, json: { error: refused } } })
  const { exitCode, err } = await trainyard(['publish', '--bot', 'b', '--url', url])
  assert.equal(exitCode, 1)
  assert.match(err, /uri: is missing\. The event names no dataset; --dataset FILE posts one and names it\.\n$/)
})

async function fileOf(t: TestContext, name: string, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

test('a data directory that is a file is refused with its name and what to do', async (t) => {
  const file = await fileOf(t, 'data', '')
  const { exitCode, out, err } = await trainyard(['dev', '--port', '0', '--data-dir', file])
  assert.deepEqual([exitCode, out], [1, ''])
  assert.match(
    err,
    /^trainyard: the data directory \S+\/data cannot be used: .*a file and not a folder\. Choose another/,
  )
})

test('config check names every fault with its line, and needs no server', async (t) => {
  const file = await fileOf(
    t,
    'trainyard.yaml',
    'jobTypes:\n  intents:\n    program: { command: [node] }\n    slots: four\n',
  )
  const { exitCode, out, err } = await trainyard(['config', 'check', file])
  assert.equal(exitCode, 1)
  assert.match(out, /trainyard\.yaml:4: jobTypes\.intents\.slots: expected/)
  assert.match(err, /has 1 fault\. A server would not start with it/)
})

test('config check says what a right file holds', async (t) => {
  const file = await fileOf(
    t,
    'trainyard.yaml',
    'jobTypes:\n  intents:\n    program: { command: [node] }\ntriggers: []\n',
  )
  const { exitCode, out } = await trainyard(['config', 'check', file])
  assert.equal(exitCode, 0)
  assert.match(out, /^Right: .* has 1 job type \(intents\) and 0 triggers\.\n$/)
  const empty = await fileOf(t, 'trainyard.yaml', 'jobTypes: {}\n')
  assert.match((await trainyard(['config', 'check', empty])).out, /^Right: .* has 0 job types and 0 triggers\.\n$/)
})

test('a policy file with a wrong field is refused by name before anything is asked', async (t) => {
  const file = await fileOf(t, 'policy.yaml', 'margin: lots\n')
  const { url, asked } = await fakeServer(t, {})
  const { exitCode, err } = await trainyard(['verdict', '--all', '--policy', file, '--url', url])
  assert.equal(exitCode, 1)
  assert.match(err, /is not a promotion policy \(margin: /)
  assert.equal(asked.length, 0)
})

test('a file that is not JSON is told on one line, whatever is in it', async (t) => {
  const file = await fileOf(t, 'event.json', 'no\njson')
  const { exitCode, err } = await trainyard(['publish', file])
  assert.equal(exitCode, 1)
  assert.match(err, /^trainyard: .*event\.json is not JSON \(.*\)\. Correct it and try again\.\n$/)
})

test('a file that is not there is said to be missing', async () => {
  const { exitCode, err } = await trainyard(['datasets', 'add', '/nowhere/bot.jsonl'])
  assert.equal(exitCode, 1)
  assert.equal(err, 'trainyard: /nowhere/bot.jsonl cannot be read: there is no such file. Check the name.\n')
})
