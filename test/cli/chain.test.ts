import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { datasetOf, echoConfiguration } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { type Ran, trainyard } from './server.ts'

type Say = (words: string) => Promise<Ran>

/** Runs commands against real services, and fails with what was printed if one ends otherwise than expected. */
function speaker(url: string, cache: string) {
  const say =
    (exitCode: number): Say =>
    async (words) => {
      const ran = await trainyard(words.split(' '), { TRAINYARD_URL: url, XDG_CACHE_HOME: cache })
      assert.equal(ran.exitCode, exitCode, `trainyard ${words}\n${ran.out}${ran.err}`)
      return ran
    }
  const ask = async <T>(words: string, answer: z.ZodType<T>): Promise<T> =>
    answer.parse(JSON.parse((await say(0)(`${words} --json`)).out))
  return { done: say(0), failed: say(1), ask }
}

async function filesIn(t: TestContext, contents: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-chain-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content)
  return folder
}

const Ending = z.object({ run: z.object({ run: z.string(), verdict: z.object({ state: z.string() }) }) })
const Keys = z.object({ keys: z.array(z.object({ jobType: z.string(), sentence: z.string() })) })

test('every command understands the services: from a published edit to a rollback and back', async (t) => {
  const folder = await filesIn(t, {
    'one.jsonl': datasetOf('first'),
    'two.jsonl': datasetOf('second'),
    'policy.yaml': 'minimumExamRows: 100000\n',
    'broken.jsonl': '{"text": "x"}\n',
  })
  const yard = await startYard(t, { configuration: echoConfiguration(), postgres: 'shared' })
  const { done, failed, ask } = speaker(yard.url, folder)

  const first = await ask(`publish --bot b/1 --dataset ${folder}/one.jsonl --revision 1 --wait`, Ending)
  assert.equal(first.run.verdict.state, 'promoted')
  const again = await done(`publish --bot b/1 --dataset ${folder}/one.jsonl --revision 2 --wait`)
  assert.match(again.out, /ended as unchanged: same dataset and job type as run-/)
  const second = await ask(`train b/1 --dataset ${folder}/two.jsonl --reason again --wait`, Ending)
  assert.equal(second.run.verdict.state, 'promoted')
  const { run } = second.run
  assert.match((await failed(`publish --bot b/1 --dataset ${folder}/broken.jsonl`)).err, /line 1: intent: /)
  assert.match((await failed('publish --bot b/1')).err, /\/data\/dataset\/uri: is missing/)

  assert.match((await done('runs --bot b/1')).out, new RegExp(`^${run} .* promoted .* in force$`, 'm'))
  const story = await done(`run ${run.slice(0, 8)}`)
  assert.match(story.out, /^Attempts\nATTEMPT .*\nrun-\w+-1 +train +done /m)
  assert.match(story.out, /^asked by: +ada@example\nbecause: +.*again/m)
  assert.match((await done(`evaluation ${run}`)).out, /CANDIDATE +CHAMPION #1[\s\S]*Confusion matrix/)
  assert.match((await done(`verdict ${run}`)).out, /: promote \(by the rule /)
  const preview = await done(`verdict --all --policy ${folder}/policy.yaml`)
  assert.match(preview.out, /2 verdicts of 2 would be another\./)
  assert.ok((await done(`logs ${run} --follow`)).out.length > 0)

  assert.match((await done('predict b/1 --text anything')).out, /^anything +intent-\d/m)
  const answered = await ask(`predict ${run} --text anything`, z.object({ run: z.string(), sequence: z.null() }))
  assert.equal(answered.run, run)
  const { model } = await ask(`run ${run}`, z.object({ model: z.object({ digest: z.string() }) }))
  assert.match((await done(`predict ${model.digest} --text anything`)).out, /^anything +intent-\d/m)
  assert.match((await done('champions')).out, /^b\/1 +intents +2 /m)
  assert.match((await done('rollback b/1 --reason early')).out, /run-\w+ is champion number 3\.\nIt is pinned/)
  const pinned = await ask('why b/1', Keys)
  assert.match(pinned.keys[0]?.sentence ?? '', /^Nothing is under way: ada@example put run-\w+ in force .*only hold\.$/)

  const held = await ask(`train b/1 --dataset ${folder}/one.jsonl --reason insists --wait`, Ending)
  assert.equal(held.run.verdict.state, 'held')
  assert.match((await done('why b/1')).out, /is held for a person to decide: the key is pinned by ada@example/)
  assert.match((await done('runs --held')).out, new RegExp(`^${held.run.run} .* held `, 'm'))
  assert.match((await done(`approve ${held.run.run} --reason fine`)).out, /is in force for b\/1 \(intents\)\.$/m)
  assert.match((await failed(`reject ${held.run.run} --reason late`)).err, /only a held model waits for a decision/)
  await done('unpin b/1 --reason over')
  assert.equal((await ask('champions --bot b/1', z.object({ champions: z.array(z.unknown()) }))).champions.length, 4)

  assert.match((await done('slots intents 2 --reason more')).out, /^intents +2 +0 +4 configured; ada@example: more$/m)
  assert.match((await done('slots')).out, /^intents +2 /m)
  const letters = await ask('dead-letters list', z.object({ deadLetters: z.array(z.object({ id: z.number() })) }))
  const id = letters.deadLetters[0]?.id
  assert.match((await done(`dead-letters show ${id}`)).out, /dataset\/uri: is missing[\s\S]*"botId":"b\/1"/)
  await done(`dead-letters replay ${id} --reason mended`)
  assert.match((await done('dead-letters replay --all --dry-run --reason x')).out, /would be sent back\.$/m)
  assert.match((await done('signals')).out, /The sum is right: every signal is accounted for\./)
  assert.match((await done('signals --bot b/1')).out, /^sig-\w+ +person .* launched +run-/m)
})

test('a run in progress is followed, explained and cancelled', async (t) => {
  const folder = await filesIn(t, { 'one.jsonl': datasetOf('first') })
  const yard = await startYard(t, { configuration: echoConfiguration({ hang: 'untilTerm' }), postgres: 'shared' })
  const { done, failed, ask } = speaker(yard.url, folder)
  assert.match((await failed('why mine')).err, /nothing was ever heard of a bot named "mine"/)
  assert.match((await failed('predict mine --text x')).err, /no model is in force for "mine"/)
  const nobody = `sha256:${'0'.repeat(64)}`
  assert.match((await failed(`predict ${nobody} --text x`)).err, /there is no model sha256:0+/)

  const followed = trainyard(['publish', '--bot', 'mine', '--dataset', join(folder, 'one.jsonl'), '--wait'], {
    TRAINYARD_URL: yard.url,
  })
  const Runs = z.object({ runs: z.array(z.object({ run: z.string(), state: z.string() })) })
  let run: string | undefined
  while (run === undefined) {
    run = (await ask('runs --bot mine', Runs)).runs.find(({ state }) => state === 'running')?.run
  }
  await eventually(async () => (await done('why mine')).out.startsWith(`${run} is running`))
  await done(`cancel ${run} --reason enough`)
  const { exitCode, out, err } = await followed
  assert.equal(exitCode, 1)
  assert.match(out, new RegExp(`^${run} was cancelled .*: enough`))
  assert.match(err, /trainyard: it did not end in a model\. See "trainyard run /)
  assert.match((await failed(`cancel ${run} --reason again`)).err, /has ended already: cancelled/)
})
