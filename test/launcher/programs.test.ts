import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datasetOf, postDataset } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'

/*
 * The real way of an attempt: launcher, executor, runner and a program that behaves as its job type tells it. One set of
 * services for all of them; each behaviour is a job type of its own.
 */

interface Attempt {
  readonly attempt: string
  readonly outcome: string | null
  readonly reason: string | null
}

interface Behaviour {
  readonly title: string
  readonly hyperparameters: Readonly<Record<string, unknown>>
  readonly spec?: string
  readonly state: 'succeeded' | 'failed'
  readonly outcomes: readonly string[]
  readonly reason?: RegExp
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  honest: { title: 'an honest program succeeds', hyperparameters: {}, state: 'succeeded', outcomes: ['done'] },
  failing: {
    title: 'a program that fails each time is tried again up to the limit, and its exit code is told',
    hyperparameters: { exitCode: 3 },
    state: 'failed',
    outcomes: ['crashed', 'crashed'],
    reason: /exit code 3/,
  },
  killed: {
    title: 'a program that is killed once succeeds the next time',
    hyperparameters: { crash: 'SIGKILL', untilAttempt: 1 },
    state: 'succeeded',
    outcomes: ['crashed', 'done'],
  },
  refusing: {
    title: 'a program that calls its data wrong is not tried again',
    hyperparameters: { exitCode: 10 },
    state: 'failed',
    outcomes: ['badInput'],
  },
  saving: {
    title: 'a program that saves its work twice is resumed twice, and that costs no retry',
    hyperparameters: { saveAndExit: 2 },
    state: 'succeeded',
    outcomes: ['resumable', 'resumable', 'done'],
  },
  hanging: {
    title: 'a program that hangs and ignores SIGTERM ends with its deadline, and leaves no children',
    hyperparameters: { hang: 'ignoreTerm', children: 1 },
    spec: 'attemptDeadlineSeconds: 1, graceSeconds: 0, retries: { limit: 0 }',
    state: 'failed',
    outcomes: ['deadline'],
  },
  lying: {
    title: 'answers that are no numbers are refused, with their line',
    hyperparameters: { in: 'predict', predictions: 'nan' },
    state: 'failed',
    outcomes: ['badOutput'],
    reason: /line \d+/,
  },
  silent: {
    title: 'a program that writes no answers has failed',
    hyperparameters: { in: 'predict', predictions: 'none' },
    state: 'failed',
    outcomes: ['badOutput'],
  },
  climbing: {
    title: 'a model with a path that climbs out is refused',
    hyperparameters: { model: 'climbing' },
    state: 'failed',
    outcomes: ['badOutput'],
  },
  chatty: {
    title: 'a program that logs too much succeeds, and its log is cut with a mark',
    hyperparameters: { logMegabytes: 2 },
    spec: 'logLimitMiB: 0.25',
    state: 'succeeded',
    outcomes: ['done'],
  },
}

function configuration(): string {
  const jobTypes = Object.entries(behaviours).map(
    ([name, { hyperparameters, spec = 'attemptDeadlineSeconds: 60, retries: { limit: 1, backoffSeconds: 0 }' }]) =>
      `  ${name}: { program: { command: [node, services/trainer/main.ts, echo] }, ${spec}, hyperparameters: ${JSON.stringify(hyperparameters)} }`,
  )
  return `jobTypes:\n${jobTypes.join('\n')}
  slow: { program: { command: [node, services/trainer/main.ts, echo] }, whenNewer: supersede, hyperparameters: { sleepMs: 60000 } }
`
}

test('each behaviour of a program has its end', async (t) => {
  const yard = await startYard(t, { configuration: configuration(), postgres: 'shared' })
  const [first, second] = await Promise.all(['one', 'two'].map((flavour) => postDataset(yard, datasetOf(flavour))))
  const train = (jobType: string, dataset = first?.uri) =>
    yard.post('/train', { bot: jobType, jobType, dataset, actor: 'ada', reason: 'a test' })
  const attemptsOf = (run: string) => yard.get<Attempt[]>(`/runs/${run}/attempts`)
  /** The run of the bot that has come to this state. */
  const runIn = (state: string, bot: string) =>
    eventually(
      async () => {
        const { runs } = await yard.get<{ runs: { run: string; state: string }[] }>(`/runs?bot=${bot}`)
        return runs.find((run) => run.state === state)?.run
      },
      { what: `a run of ${bot} to be ${state}`, timeoutMs: 60_000 },
    )
  for (const name of Object.keys(behaviours)) await train(name)

  for (const [name, { title, state, outcomes, reason }] of Object.entries(behaviours)) {
    await t.test(title, async () => {
      const run = await runIn(state, name)
      const attempts = await attemptsOf(run)
      assert.deepEqual(
        attempts.map(({ outcome }) => outcome),
        outcomes,
        JSON.stringify(attempts),
      )
      if (reason) assert.match(attempts.at(-1)?.reason ?? '', reason)
      if (name !== 'chatty') return
      const log = await (await yard.call(`/runs/${run}/logs`)).text()
      assert.ok(log.length < 300_000, String(log.length))
      assert.ok(log.includes('[trainyard] the log is longer than 262144 bytes'))
    })
  }

  await t.test('a newer request stops the running program, and a person the one after it', async () => {
    await train('slow')
    const older = await runIn('running', 'slow')
    await train('slow', second?.uri)
    assert.equal(await runIn('superseded', 'slow'), older)
    const newer = await runIn('running', 'slow')
    await yard.post(`/runs/${newer}/cancel`, { actor: 'ada', reason: 'enough' })
    assert.equal(await runIn('cancelled', 'slow'), newer)
    const [attempt] = await attemptsOf(newer)
    assert.deepEqual([attempt?.outcome, attempt?.reason], ['stopped', 'ada cancelled it: enough'])
  })
})
