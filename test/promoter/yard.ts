/** The promoter on a real database, with models that were evaluated and what it said of them. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { EventData } from '../../schemas/catalogue.ts'
import { manifestOf } from '../../schemas/files.ts'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import { BotId, canonicalJson, type Digest, digestOf, JobTypeName, RunId, SignalId } from '../../schemas/words.ts'
import { promoter } from '../../services/promoter/main.ts'
import { type TestKit, type TestKitOptions, testKit } from '../harness/kit.ts'
import { evaluation, type GivenEvaluation } from './given.ts'

export const better = { a: { rows: 400, won: 8, lost: 2 } }
export const worse = { a: { rows: 400, won: 2, lost: 80 } }
/** Undecided, and worse than allowed as far as measured: a person is to decide. */
export const doubtful = { a: { rows: 40, won: 0, lost: 2 } }

export type Given = GivenEvaluation & { readonly generation: number; readonly policy?: Partial<PromotionPolicy> }

/** Always the same run for the same generation of a bot. */
export function runOf(generation: number, bot = 'bot-1'): RunId {
  const letters = Array.from(digestOf(`${bot}/${generation}`).slice(7, 17), (digit) =>
    String.fromCharCode(97 + Number.parseInt(digit, 16)),
  )
  return RunId.parse(`run-${letters.join('')}`)
}

export async function openPromoter(t: TestContext, options?: TestKitOptions): Promise<TestKit> {
  return await testKit(t, promoter, options)
}

/** Stores the evaluation and gives the event that says so. */
export async function evaluated(kit: TestKit, given: Given): Promise<EventData<'model.evaluated'>> {
  const run = RunId.parse(given.run ?? runOf(given.generation, given.bot))
  const document = evaluation({ ...given, run })
  const { digest } = await kit.blobs.put(Buffer.from(canonicalJson(document)))
  const { bot, jobType, generation, champion, candidate, exam } = document
  const model = await storeModel(kit, run)
  return {
    evaluation: document.evaluation,
    run,
    bot,
    jobType,
    generation,
    model,
    document: digest,
    promotionPolicy: canonicalJson(PromotionPolicy.parse(given.policy ?? {})),
    champion: champion && { run: champion.run, sequence: champion.sequence, model },
    examRows: exam.rows,
    accuracy: candidate.accuracy,
    macroF1: candidate.macroF1,
    difference: null,
    evaluatedAt: 1,
  }
}

/** A model of one file. */
export const weightsOf = (run: RunId): string => `weights of ${run}`

async function storeModel(kit: TestKit, run: RunId): Promise<{ url: string; digest: Digest }> {
  const weights = await kit.blobs.put(Buffer.from(weightsOf(run)))
  const { digest, content } = manifestOf([{ path: 'weights', ...weights }])
  await kit.blobs.put(Buffer.from(content))
  return { url: `http://127.0.0.1:7070/models/${digest}`, digest }
}

/** Delivers evaluations, after the requests that they follow from. */
export async function deliver(kit: TestKit, ...given: Given[]): Promise<void> {
  const events = await Promise.all(given.map((one) => evaluated(kit, one)))
  // Times have milliseconds: the next one is certainly after all that has happened.
  const requests = given.map(({ generation, bot }) => requested(generation, Date.now() + 1, bot))
  await kit.deliver(requests.map((data) => ({ name: 'training.requested', data })))
  await kit.deliver(events.map((data) => ({ name: 'model.evaluated', data })))
}

/** Delivers evaluations one by one, each with its verdict before the next. */
export async function judgeAll(kit: TestKit, ...given: Given[]): Promise<void> {
  for (const one of given) {
    await deliver(kit, one)
    await work(kit)
  }
}

export async function work(kit: TestKit): Promise<void> {
  while ((await kit.work('verdicts')) !== undefined);
}

/** The first model, promoted as champion number 1. */
export async function withChampion(kit: TestKit, bot = 'bot-1'): Promise<RunId> {
  await judgeAll(kit, { bot, generation: 1, intents: better, championSequence: 0 })
  return runOf(1, bot)
}

/** Three champions one after the other, of generations 1 to 3. */
export async function withThreeChampions(kit: TestKit): Promise<void> {
  await withChampion(kit)
  await judgeAll(
    kit,
    { generation: 2, intents: better, championSequence: 1 },
    { generation: 3, intents: better, championSequence: 2 },
  )
}

/** What it said, as `name run` in order. */
export async function said(kit: TestKit): Promise<string[]> {
  return (await kit.emitted()).map(({ name, data }) => `${name} ${'run' in data ? data.run : ''}`)
}

export async function readyEvents(kit: TestKit) {
  return (await kit.emitted()).flatMap((event) => (event.name === 'model.ready' ? [event.data] : []))
}

export async function stateOf(kit: TestKit, run: RunId): Promise<string> {
  return (await get(kit, `/verdicts/${run}`)).state
}

export async function get(kit: TestKit, url: string) {
  const response = await kit.inject({ method: 'GET', url })
  assert.equal(response.statusCode, 200, response.body)
  return response.json()
}

export async function keyOf(kit: TestKit, bot = 'bot-1') {
  return (await get(kit, `/keys/${encodeURIComponent(bot)}`)).keys[0]
}

export async function post(kit: TestKit, url: string, payload: object) {
  const response = await kit.inject({ method: 'POST', url, payload })
  return { status: response.statusCode, body: response.json() }
}

export const person = { actor: 'ada', reason: 'I looked at it' }

export function requested(generation: number, requestedAt: number, bot = 'bot-1'): EventData<'training.requested'> {
  const digest = digestOf('dataset')
  const signal = SignalId.parse(`sig-${'0'.repeat(24)}`)
  return {
    run: runOf(generation, bot),
    bot: BotId.parse(bot),
    jobType: JobTypeName.parse('intents'),
    generation,
    dataset: {
      digest,
      uri: `dataset:${digest}`,
      train: digest,
      examTexts: digest,
      examLabels: digest,
      trainRows: 1,
      examRows: 1,
      intents: 2,
      splitVersion: 1,
    },
    spec: '{}',
    workIdentity: digest,
    priority: 0,
    insisted: false,
    namesDataset: true,
    signals: { count: 1, first: signal, last: signal },
    reason: 'edited',
    actor: null,
    requestedAt,
  }
}
