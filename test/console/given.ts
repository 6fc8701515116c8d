/** Events as the services say them, with times and ids of the test's choosing. */
import { catalogue, type EventData, type EventName, keyOf, typeOf } from '../../schemas/catalogue.ts'
import { toHeaders } from '../../schemas/cloudevents-kafka.ts'
import { committedCodec } from '../../schemas/codec.ts'
import { BotId, digestOf, EvaluationId, JobTypeName, RunId, SignalId } from '../../schemas/words.ts'
import type { Told } from '../../services/console/sentences.ts'
import type { RawMessage } from '../../services/kit/bus/bus.ts'

export const noonMs = Date.UTC(2026, 0, 31, 12)
export const at = (seconds: number) => noonMs + seconds * 1_000

/** `run('a')` is `run-aaaaaaaaaa`. */
export const run = (letter: string) => RunId.parse(`run-${letter.repeat(10)}`)
export const signal = (number: number) => SignalId.parse(`sig-${String(number).padStart(24, '0')}`)
export const evaluation = (number: number) => EvaluationId.parse(`eval-${String(number).padStart(16, '0')}`)
export const digest = (what: string) => digestOf(what)
const model = (of: RunId) => ({ url: `http://127.0.0.1:7070/models/${digest(of)}`, digest: digest(of) })

export const bot = BotId.parse('shop')
export const jobType = JobTypeName.parse('intents')
const line = (ofRun: RunId, generation: number) => ({ run: ofRun, bot, jobType, generation })

const dataset = {
  digest: digest('dataset'),
  uri: 'dataset:shop',
  train: digest('train'),
  examTexts: digest('texts'),
  examLabels: digest('labels'),
  trainRows: 1_234,
  examRows: 310,
  intents: 21,
  splitVersion: 1,
}

const attempts: EventData<'run.succeeded'>['attempts'] = [
  { number: 1, outcome: 'crashed', reason: 'exit code 3', exitCode: 3, startedAt: at(3), endedAt: at(5) },
  { number: 2, outcome: 'done', reason: 'exit code 0', exitCode: 0, startedAt: at(6), endedAt: at(18) },
]

type Life = { letter: string; generation?: number; sequence?: number; number?: number }

/** What is said about a run, from its first signal to its model in force; each with its data changed as asked. */
export function given({ letter, generation = 3, sequence = 4, number = 1 }: Life) {
  const ofRun = run(letter)
  const base = line(ofRun, generation)
  const judged = { ...base, evaluation: evaluation(number), decidedAt: at(21) }
  const champion = sequence > 1 ? { run: run('y'), sequence: sequence - 1, model: model(run('y')) } : null
  const data: { readonly [N in EventName]: EventData<N> } = {
    'signal.ended': {
      signal: signal(number),
      trigger: 'bot-edited',
      bot,
      jobType,
      end: 'launched',
      run: ofRun,
      reason: 'its run started',
      receivedAt: at(0),
      endedAt: at(3),
    },
    'training.requested': {
      ...base,
      dataset,
      spec: '{}',
      workIdentity: digest('work'),
      priority: 0,
      insisted: false,
      namesDataset: true,
      signals: { count: 2, first: signal(number), last: signal(number + 1) },
      reason: 'the dataset changed',
      actor: null,
      requestedAt: at(2),
    },
    'run.queued': { ...base, priority: 5, queuedAt: at(2.5) },
    'run.started': { ...base, attempt: 1, startedAt: at(3) },
    'run.succeeded': {
      ...base,
      dataset,
      model: model(ofRun),
      answers: digest('answers'),
      champion: champion && { ...champion, train: digest('old train'), answers: digest('old answers'), reason: null },
      promotionPolicy: '{}',
      attempts,
      startedAt: at(3),
      endedAt: at(19),
    },
    'run.failed': { ...base, outcome: 'crashed', reason: 'exit code 3', attempts, startedAt: at(3), endedAt: at(19) },
    'run.superseded': { ...base, by: run('z'), wasRunning: false, endedAt: at(4) },
    'run.cancelled': { ...base, actor: 'ada', reason: 'wrong data', wasRunning: true, endedAt: at(7) },
    'model.evaluated': {
      ...base,
      evaluation: evaluation(number),
      model: model(ofRun),
      document: digest('document'),
      promotionPolicy: '{}',
      champion,
      examRows: 310,
      accuracy: 0.9129,
      macroF1: 0.905,
      difference: champion && { estimate: 0.012, low: -0.004, high: 0.028 },
      evaluatedAt: at(20),
    },
    'model.promoted': {
      ...judged,
      sequence,
      model: model(ofRun),
      decidedBy: 'policy',
      actor: null,
      reasons: ['not worse: −0.4 points or better', 'no intent fell'],
    },
    'model.held': { ...judged, decidedBy: 'policy', actor: null, reasons: ['the key is pinned'] },
    'model.rejected': { ...judged, decidedBy: 'policy', actor: null, reasons: ['worse by 4.2 points'] },
    'model.overtaken': {
      run: ofRun,
      bot,
      jobType,
      generation,
      evaluation: evaluation(number),
      by: run('z'),
      decidedAt: at(30),
    },
    'model.ready': {
      bot,
      jobType,
      sequence,
      generation,
      run: ofRun,
      model: model(ofRun),
      evaluation: evaluation(number),
      decidedBy: 'policy',
      actor: null,
      reason: 'not worse',
      replaces: champion,
      decidedAt: at(21),
    },
  }
  return <N extends EventName>(
    name: N,
    changes: Partial<EventData<N>> = {},
  ): Told<N> & { id: string; cause: string } => ({
    id: `${ofRun}/${name}/${JSON.stringify(changes)}`,
    cause: 'cause',
    name,
    data: { ...data[name], ...changes },
  })
}

export type GivenEvent = Told & { id: string; cause: string }

/** The usual life of a run whose model is put in force. */
export function promotedLife(life: Life): GivenEvent[] {
  const told = given(life)
  return [
    told('signal.ended'),
    told('training.requested'),
    told('run.queued'),
    told('run.started'),
    told('run.succeeded'),
    told('model.evaluated'),
    told('model.promoted'),
    told('model.ready'),
  ]
}

/** The bytes that the bus would deliver. The same event gives the same message, so that it can be delivered twice. */
export function messageOf<N extends EventName>(
  event: Told<N> & { id: string; cause: string },
): Pick<RawMessage, 'topic' | 'headers' | 'value'> {
  const { id, cause, name, data } = event
  const headers = toHeaders({
    id,
    source: '/trainyard/test',
    type: typeOf(name),
    subject: keyOf(name, data),
    time: new Date(noonMs),
    causationId: cause,
    correlationId: 'chain',
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  })
  return { topic: catalogue[name].topic, headers, value: committedCodec.encode(name, data) }
}
