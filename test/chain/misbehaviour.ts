/** How training programs misbehave, and what must become of their runs. */

export interface Misbehaviour {
  /** What a program does, and what follows: the end of a test's title. */
  readonly title: string
  /** Told to `echo`; or a program of its own, as JavaScript. */
  readonly told: Readonly<Record<string, unknown>> | string
  readonly jobType?: Readonly<Record<string, unknown>>
  readonly outcome: 'done' | 'badInput' | 'badOutput' | 'crashed' | 'deadline' | 'lost' | 'resumable'
  readonly attempts: number
  /** The reason that the run must give; null where it succeeds all the same. */
  readonly said: RegExp | null
}

const noRetry = { retries: { limit: 0 } }
const oneRetry = { retries: { limit: 1, backoffSeconds: 0.05 } }

export const misbehaviours: readonly Misbehaviour[] = [
  {
    title: 'exits non-zero is tried again up to the limit',
    told: { exitCode: 3 },
    outcome: 'crashed',
    attempts: 3,
    said: /^train ended with exit code 3; its last line: Told to end with exit code 3 \(2 retries were used\)$/,
  },
  {
    title: 'crashes once is tried again, and succeeds',
    told: { crash: 'SIGSEGV', untilAttempt: 1 },
    outcome: 'done',
    attempts: 2,
    said: null,
  },
  {
    title: 'is killed by the system is said to have been, and not by Trainyard',
    told: { crash: 'SIGKILL' },
    jobType: noRetry,
    outcome: 'crashed',
    attempts: 1,
    said: /^train was ended by SIGKILL, not by Trainyard: often the machine is short of memory/,
  },
  {
    title: 'says that the data is wrong (exit code 10) is not tried again',
    told: { exitCode: 10 },
    outcome: 'badInput',
    attempts: 1,
    said: /^train ended with exit code 10: the data or the spec is wrong; its last line: Told to end/,
  },
  {
    title: 'hangs and ignores SIGTERM is killed at its deadline',
    told: { hang: 'ignoreTerm' },
    // Counted from the start of its runner, which has to wait for the processor beside all the others.
    jobType: { ...noRetry, attemptDeadlineSeconds: 6, graceSeconds: 0.2 },
    outcome: 'deadline',
    attempts: 1,
    said: /^the attempt's deadline has passed/,
  },
  {
    title: 'hangs in its exam is stopped at its deadline, and tried again',
    told: { hang: 'untilTerm', in: 'predict' },
    jobType: { ...oneRetry, attemptDeadlineSeconds: 3 },
    outcome: 'deadline',
    attempts: 2,
    said: /^the attempt's deadline has passed/,
  },
  {
    title: 'fails in its exam fails the run',
    told: { exitCode: 4, in: 'predict' },
    jobType: noRetry,
    outcome: 'crashed',
    attempts: 1,
    said: /^predict ended with exit code 4; its last line: .* \(no retry is allowed\)$/,
  },
  {
    title: 'leaves children behind succeeds, and they are gone',
    told: { children: 2, detachedChildren: 2 },
    outcome: 'done',
    attempts: 1,
    said: null,
  },
  {
    title: 'crashes and leaves children behind is tried again, and they are gone',
    told: { children: 1, detachedChildren: 1, exitCode: 1, untilAttempt: 1 },
    outcome: 'done',
    attempts: 2,
    said: null,
  },
  {
    title: 'writes no model has failed',
    told: { model: 'none' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^train ended with exit code 0 and left no file in model\/$/,
  },
  {
    title: 'links out of its model has failed, and nothing behind the link is taken',
    told: { model: 'link' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^model\/link is a symbolic link; only regular files are taken$/,
  },
  {
    title: 'links a folder into its model has failed',
    told: { model: 'folderLink' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^model\/up is a symbolic link; only regular files are taken$/,
  },
  {
    title: 'writes a path that climbs has failed',
    told: { model: 'climbing' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^model\/\.\.\\\.\.\\climbed: the path is too long or holds a character that is not allowed$/,
  },
  {
    title: 'writes no predictions has failed',
    told: { predictions: 'none' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl is missing$/,
  },
  {
    title: 'links its predictions has failed',
    told: { predictions: 'link' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl is a symbolic link; only regular files are taken$/,
  },
  {
    title: 'answers what was not asked has failed',
    told: { predictions: 'unknownId' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl: line \d+: an id that no text of the exam has$/,
  },
  {
    title: 'leaves a question out has failed',
    told: { predictions: 'missingId' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl: predictions: 1 of \d+ texts were not answered$/,
  },
  {
    title: 'answers twice has failed',
    told: { predictions: 'duplicateId' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl: line 2: this id was answered before$/,
  },
  {
    title: 'writes a line that is no prediction has failed',
    told: { predictions: 'nan' },
    outcome: 'badOutput',
    attempts: 1,
    said: /^predictions\.jsonl: line \d+: not JSON$/,
  },
  {
    title: 'prints 20 MB of log succeeds',
    told: { logMegabytes: 20 },
    jobType: { logLimitMiB: 1 },
    outcome: 'done',
    attempts: 1,
    said: null,
  },
  {
    title: 'prints what no text can hold has failed, in words that can be stored',
    told: 'process.stdout.write(Buffer.from([0, 255, 237, 160, 128, 10])); process.exitCode = 3',
    jobType: noRetry,
    outcome: 'crashed',
    attempts: 1,
    said: /^train ended with exit code 3; its last line: \uFFFD+/,
  },
  {
    title: 'saves its work and ends (exit code 75) is resumed at no cost',
    told: { saveAndExit: 3 },
    jobType: noRetry,
    outcome: 'done',
    attempts: 4,
    said: null,
  },
  {
    title: 'saves its work and ends without end is resumed up to the limit',
    told: { saveAndExit: 100 },
    jobType: { retries: { limit: 0, resumeLimit: 2 } },
    outcome: 'resumable',
    attempts: 3,
    said: /^it stopped 3 times to be resumed, and 2 are allowed; the last time: train ended with exit code 75/,
  },
  {
    title: 'kills its runner is lost, and tried again up to the limit',
    told: "process.kill(process.ppid, 'SIGKILL')",
    jobType: oneRetry,
    outcome: 'lost',
    attempts: 2,
    said: /^its runner ended without a report: the runner was ended by SIGKILL/,
  },
  {
    title: 'clears away the folder that it works in has failed, and its children are gone',
    told: `const child = require('node:child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
      child.unref()
      console.log('started child ' + child.pid)
      require('node:fs').rmSync(require('node:path').dirname(process.env.TMPDIR), { recursive: true })`,
    outcome: 'badOutput',
    attempts: 1,
    said: /^train ended with exit code 0 and left no file in model\/$/,
  },
  {
    title: 'is a script longer than any name of a file runs like others',
    told: `/* ${'long '.repeat(2_000)} */ process.exitCode = 10`,
    outcome: 'badInput',
    attempts: 1,
    said: /^train ended with exit code 10/,
  },
]

export function jobTypeOf({ told, jobType }: Pick<Misbehaviour, 'told' | 'jobType'>): object {
  const isScript = typeof told === 'string'
  return {
    program: { command: isScript ? ['node', '-e', told] : ['node', 'services/trainer/main.ts', 'echo'] },
    hyperparameters: isScript ? {} : told,
    graceSeconds: 2,
    attemptDeadlineSeconds: 120,
    retries: { limit: 2, backoffSeconds: 0.05 },
    promotion: { minimumExamRows: 1 },
    ...jobType,
  }
}

/** `trainyard.yaml` (JSON is YAML) with these job types; an event trains the one that is named as its bot. */
export function configurationOf(jobTypes: Readonly<Record<string, object>>): string {
  const triggers = Object.keys(jobTypes).map((name) => ({
    name,
    topic: 'bot.events',
    when: { type: 'bot.updated', '/data/botId': name },
    jobType: name,
    bot: '/data/botId',
    dataset: '/data/dataset/uri',
    revision: '/data/revision',
  }))
  return JSON.stringify({ jobTypes, triggers })
}
