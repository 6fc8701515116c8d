import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { EventData, EventName } from '../../schemas/catalogue.ts'
import { parseConfiguration } from '../../schemas/configuration.ts'
import { JobTypeSpec, specText } from '../../schemas/job-type.ts'
import { BotId, type Digest, digestOf, EvaluationId, JobTypeName, RunId, SignalId } from '../../schemas/words.ts'
import { launcherOver } from '../../services/launcher/main.ts'
import { defaultTimings, type Timings } from '../../services/launcher/timings.ts'
import { cleanup } from '../harness/cleanup.ts'
import { testDatabase } from '../harness/database.ts'
import { type TestKit, type TestKitOptions, testKit } from '../harness/kit.ts'
import { type ScriptedExecutor, scriptedExecutor } from './scripted-executor.ts'
import { type ScriptedRunner, scriptedRunner } from './scripted-runner.ts'

export type Requested = EventData<'training.requested'>
export const jobType = JobTypeName.parse('intents')
export const bot = BotId.parse('shop')

export interface LauncherKit extends TestKit {
  readonly executor: ScriptedExecutor
  /** A dataset of two rows and an exam of two texts, whose blobs are stored. */
  readonly dataset: Requested['dataset']
  /** Delivers a request and answers with its run. */
  request(changes?: RequestChanges): Promise<RunId>
  /** Lets queue and reconciler work until neither has anything to do. */
  settle(): Promise<void>
  /** The runner of the newest attempt that was started for the run: the same one each time. */
  runnerOf(run: RunId, kind?: 'train' | 'predict'): ScriptedRunner
  /** Its newest attempt begins, crashes, and is gone. */
  crash(run: RunId): Promise<void>
  state(run: RunId): Promise<string>
  /** The data of every event of this name that was said so far. */
  said<N extends EventName>(name: N): Promise<EventData<N>[]>
  names(): Promise<string[]>
}

export type RequestChanges = Partial<Omit<Requested, 'spec'>> & { readonly spec?: SpecChanges }
type SpecChanges = Partial<{ [K in keyof JobTypeSpec]: Partial<JobTypeSpec[K]> | JobTypeSpec[K] }>

export interface LauncherKitOptions extends Pick<TestKitOptions, 'database' | 'point' | 'variables'> {
  readonly slots?: number
  readonly timings?: Partial<Timings>
  readonly executor?: ScriptedExecutor
}

export async function launcherKit(t: TestContext, options: LauncherKitOptions = {}): Promise<LauncherKit> {
  const executor = options.executor ?? scriptedExecutor()
  const timings = { ...defaultTimings, ...options.timings }
  const slots = options.slots ?? 10
  const configuration = parseConfiguration(
    `jobTypes: { intents: { program: { command: [node, services/trainer/main.ts, echo] }, slots: ${slots} } }`,
    'trainyard.yaml',
  )
  const { database, point, variables } = options
  const kit = await testKit(
    t,
    launcherOver(() => executor, timings),
    {
      configuration,
      ...(database ? { database } : {}),
      ...(point ? { point } : {}),
      ...(variables ? { variables } : {}),
    },
  )
  cleanup(t, () => kit.parts.stop?.())
  await kit.parts.start?.()
  const runners = new Map<string, ScriptedRunner>()
  const generations = new Map<string, number>()
  const dataset = await storeDataset(kit)

  const launcher: LauncherKit = {
    ...kit,
    executor,
    dataset,
    async request({ spec, ...changes } = {}) {
      const key = changes.bot ?? bot
      const generation = changes.generation ?? (generations.get(key) ?? 0) + 1
      generations.set(key, generation)
      const data = requestOf({ generation, dataset, ...changes }, spec)
      await kit.deliver([{ name: 'training.requested', data }])
      return data.run
    },
    async settle() {
      for (let looks = 0; looks < 50; looks += 1) {
        await kit.work('launcher.queue')
        if ((await kit.work('launcher.reconcile')) !== 0) return
      }
      assert.fail('the launcher does not come to rest')
    },
    runnerOf(run, kind = 'train') {
      const attempt = executor.started.findLast((started) => started.run === run && started.kind === kind)
      assert.ok(attempt, `no ${kind} attempt of ${run} was started`)
      const runner = runners.get(attempt.name) ?? scriptedRunner(kit, attempt)
      runners.set(attempt.name, runner)
      return runner
    },
    async crash(run) {
      const runner = launcher.runnerOf(run)
      await runner.claim()
      await runner.end({ outcome: 'crashed' })
      executor.exits(runner.attempt)
      await launcher.settle()
    },
    async state(run) {
      const rows = await kit.database.query<{ state: string }>('select state from launcher.runs where run = $1', [run])
      return rows[0]?.state ?? 'absent'
    },
    said: async <N extends EventName>(name: N) =>
      (await kit.emitted()).filter((event) => event.name === name).map(({ data }) => data as EventData<N>),
    names: async () => (await kit.emitted()).map(({ name }) => name),
  }
  return launcher
}

/** A database that several launchers of a test share. */
export const launcherDatabase = (t: TestContext) => testDatabase(t, [launcherOver(scriptedExecutor)])

const train = '{"id":"1","text":"hello","intent":"greet"}\n{"id":"2","text":"bye","intent":"part"}\n'

/** @param texts the lines of the exam's texts */
export async function storeDataset(
  { blobs }: Pick<TestKit, 'blobs'>,
  texts = '{"id":"a","text":"hi"}\n{"id":"b","text":"so long"}\n',
): Promise<Requested['dataset']> {
  const digest = digestOf(`${train}${texts}`)
  return {
    digest,
    uri: `dataset:${digest}`,
    train: (await blobs.put(Buffer.from(train))).digest,
    examTexts: (await blobs.put(Buffer.from(texts))).digest,
    examLabels: digestOf('labels'),
    trainRows: 2,
    examRows: texts.trim().split('\n').length,
    intents: 2,
    splitVersion: 1,
  }
}

let runs = 0
const alphabet = 'abcdefghijklmnopqrstuvwxyz'

export function newRun(): RunId {
  runs += 1
  const letters = [...String(runs).padStart(10, '0')].map((digit) => alphabet[Number(digit)])
  return RunId.parse(`run-${letters.join('')}`)
}

export function specOf(changes: SpecChanges = {}): JobTypeSpec {
  return JobTypeSpec.parse({
    program: { command: ['node', 'services/trainer/main.ts', 'echo'] },
    placement: { name: 'local' },
    ...changes,
  })
}

export function requestOf(
  changes: Partial<Requested> & Pick<Requested, 'generation' | 'dataset'>,
  spec: SpecChanges = {},
): Requested {
  const signal = SignalId.parse(`sig-${'0'.repeat(24)}`)
  return {
    run: newRun(),
    bot,
    jobType,
    spec: specText(specOf(spec)),
    workIdentity: digestOf(`work ${changes.generation}`),
    priority: 0,
    insisted: false,
    namesDataset: false,
    signals: { count: 1, first: signal, last: signal },
    reason: 'edited',
    actor: null,
    requestedAt: Date.now(),
    ...changes,
  }
}

/** What the promoter says of a run's model. */
export function verdict(
  name: 'model.promoted' | 'model.held' | 'model.rejected',
  {
    run,
    sequence = 1,
    generation = 1,
    model = digestOf('model'),
    of = bot,
  }: {
    run: RunId
    sequence?: number
    generation?: number
    model?: Digest
    of?: BotId
  },
) {
  const judged = {
    run,
    bot: of,
    jobType,
    generation,
    evaluation: EvaluationId.parse(`eval-${'0'.repeat(16)}`),
    actor: null,
    reasons: [],
    decidedAt: Date.now(),
  }
  if (name !== 'model.promoted') return { name, data: { ...judged, decidedBy: 'policy' as const } }
  const url = `http://127.0.0.1:7070/models/${model}`
  return { name, data: { ...judged, sequence, decidedBy: 'policy' as const, model: { url, digest: model } } }
}

export function ready(run: RunId, sequence: number, model: Digest) {
  const data: EventData<'model.ready'> = {
    bot,
    jobType,
    sequence,
    generation: 1,
    run,
    model: { url: `http://127.0.0.1:7070/models/${model}`, digest: model },
    evaluation: EvaluationId.parse(`eval-${'0'.repeat(16)}`),
    decidedBy: 'policy',
    actor: null,
    reason: 'better',
    replaces: null,
    decidedAt: Date.now(),
  }
  return { name: 'model.ready' as const, data }
}
