/**
 * Every event that Trainyard says, and every topic: the one list that codec, bus, reference page and checks follow.
 * A field may be added with a null default; any other change of an event is a new type beside the old one.
 */

import {
  type AvroRecord,
  choice,
  described,
  double,
  flag,
  type Infer,
  id,
  long,
  nullable,
  record,
  text,
  timestampMs,
  whole,
} from './avro.ts'
import {
  actor,
  attempts,
  byAnyone,
  byMachineOrPerson,
  champion,
  championAnswers,
  counted,
  dataset,
  decidedAt,
  difference,
  digest,
  judged,
  key,
  line,
  model,
  policy,
  reasons,
  run,
} from './records.ts'
import type { Topic } from './topics.ts'
import { attemptOutcomes, EvaluationId, RunId, SignalId, signalEnds } from './words.ts'

export { type Topic, topicNames, topics } from './topics.ts'

type Event<T> = {
  topic: Topic
  /** What it means, for the reference page. */
  doc: string
  record: AvroRecord<T>
  /** Key of the message: what is said in order. */
  key: (data: T) => string
}

const keyedByBot = <T extends { bot: string }>(topic: Topic, type: AvroRecord<T>): Event<T> => ({
  topic,
  doc: type.doc,
  record: type,
  key: (data) => data.bot,
})

const keyedByBotAndJobType = <T extends { bot: string; jobType: string }>(
  topic: Topic,
  type: AvroRecord<T>,
): Event<T> => ({ topic, doc: type.doc, record: type, key: (data) => `${data.bot}/${data.jobType}` })

const events = {
  'signal.ended': keyedByBot(
    'trainyard.requests',
    record('SignalEnded', 'A signal met its end. Each signal has exactly one.', {
      signal: id(SignalId, 'The signal.'),
      trigger: text('The trigger that made it, or what else did.'),
      ...key,
      end: choice('SignalEnd', signalEnds, 'Its end.'),
      run: nullable(id(RunId, 'The run that answers it, or that it was coalesced into or is unchanged from.')),
      reason: text('Why, in words.'),
      receivedAt: timestampMs('When it came in.'),
      endedAt: timestampMs('When it ended.'),
    }),
  ),
  'training.requested': keyedByBot(
    'trainyard.requests',
    record('TrainingRequested', 'A bot is to be trained. Everything that the run needs is frozen here.', {
      run: id(RunId, 'The run that will carry it out; also the id of the request.'),
      ...line,
      dataset: described(dataset, 'What to train on.'),
      spec: text('The job type as it was at that moment, as canonical JSON.'),
      workIdentity: digest('Hash of dataset and specification: the same work is not done twice.'),
      priority: whole('Higher goes first.'),
      insisted: flag('A person asked for it.'),
      namesDataset: flag('A signal named this very dataset.'),
      signals: described(counted, 'The signals that it answers.'),
      reason: text('Why, in words.'),
      actor,
      requestedAt: timestampMs('When it was decided.'),
    }),
  ),
  'run.queued': keyedByBot(
    'trainyard.runs',
    record('RunQueued', 'A run waits for a worker slot.', {
      run,
      ...line,
      priority: whole('Higher goes first.'),
      queuedAt: timestampMs('Since when.'),
    }),
  ),
  'run.started': keyedByBot(
    'trainyard.runs',
    record('RunStarted', 'The first attempt of a run started.', {
      run,
      ...line,
      attempt: whole('Number of the attempt.'),
      startedAt: timestampMs('When.'),
    }),
  ),
  'run.succeeded': keyedByBot(
    'trainyard.runs',
    record('RunSucceeded', 'A model is trained and has sat its exam; the champion beside it, where there is one.', {
      run,
      ...line,
      dataset: described(dataset, 'What it was trained on.'),
      model: described(model, 'The candidate.'),
      answers: digest("Digest of the candidate's answers."),
      champion: nullable(described(championAnswers, 'The champion that sat the same exam; null if there is none.')),
      promotionPolicy: policy,
      attempts,
      startedAt: timestampMs('When its first attempt started.'),
      endedAt: timestampMs('When it ended.'),
    }),
  ),
  'run.failed': keyedByBot(
    'trainyard.runs',
    record('RunFailed', 'A run ended without a model.', {
      run,
      ...line,
      outcome: choice('AttemptOutcome', attemptOutcomes, 'How its last attempt ended.'),
      reason: text('Why, in words.'),
      attempts,
      startedAt: nullable(timestampMs('When its first attempt started; null if none did.')),
      endedAt: timestampMs('When it ended.'),
    }),
  ),
  'run.superseded': keyedByBot(
    'trainyard.runs',
    record('RunSuperseded', 'A newer request took the place of a run.', {
      run,
      ...line,
      by: id(RunId, 'The run that took its place.'),
      wasRunning: flag('It had started.'),
      endedAt: timestampMs('When it ended.'),
    }),
  ),
  'run.cancelled': keyedByBot(
    'trainyard.runs',
    record('RunCancelled', 'A person cancelled a run.', {
      run,
      ...line,
      actor: text('The person.'),
      reason: text('Why, in the words of that person.'),
      wasRunning: flag('It had started.'),
      endedAt: timestampMs('When it ended.'),
    }),
  ),
  'model.evaluated': keyedByBot(
    'trainyard.evaluations',
    record('ModelEvaluated', 'A model was measured, and compared with the champion where there is one.', {
      evaluation: id(EvaluationId, 'The evaluation.'),
      run,
      ...line,
      model: described(model, 'The candidate.'),
      document: digest('Digest of the whole evaluation, a JSON document.'),
      promotionPolicy: policy,
      champion: nullable(described(champion, 'The champion it was compared with; null if there is none.')),
      examRows: whole('Rows of the exam.'),
      accuracy: double('Share of exam rows that the candidate answered rightly.'),
      macroF1: double("Mean of the intents' F1."),
      difference: nullable(described(difference, 'How it compares with the champion; null if it was not compared.')),
      evaluatedAt: timestampMs('When.'),
    }),
  ),
  'model.promoted': keyedByBot(
    'trainyard.promotions',
    record('ModelPromoted', 'A model was put in force.', {
      ...judged,
      sequence: long('Sequence number of the champion that it became.'),
      model: described(model, 'The model.'),
      decidedBy: byMachineOrPerson,
      actor,
      reasons,
      decidedAt,
    }),
  ),
  'model.held': keyedByBot(
    'trainyard.promotions',
    record('ModelHeld', 'A person is to decide about a model.', {
      ...judged,
      decidedBy: byAnyone,
      actor,
      reasons,
      decidedAt,
    }),
  ),
  'model.rejected': keyedByBot(
    'trainyard.promotions',
    record('ModelRejected', 'A model will not be put in force. Decided by limit: nobody decided in time.', {
      ...judged,
      decidedBy: byAnyone,
      actor,
      reasons,
      decidedAt,
    }),
  ),
  'model.overtaken': keyedByBot(
    'trainyard.promotions',
    record('ModelOvertaken', 'A newer model was put in force while this one was held.', {
      ...judged,
      by: id(RunId, 'The run whose model was put in force.'),
      decidedAt,
    }),
  ),
  'model.ready': keyedByBotAndJobType(
    'trainyard.champions',
    record('ModelReady', 'This model is in force from now on. Ignore a sequence not above the last you saw.', {
      ...key,
      sequence: long('Number of this change of champion; each change has the next one.'),
      generation: long('Generation of the request that made the model.'),
      run: id(RunId, 'The run that made the model.'),
      model: described(model, 'The model in force.'),
      evaluation: id(EvaluationId, 'The evaluation that it was judged by.'),
      decidedBy: byMachineOrPerson,
      actor,
      reason: text('Why, in words.'),
      replaces: nullable(described(champion, 'The model that was in force before; null for the first one.')),
      decidedAt,
    }),
  ),
} as const

export type EventName = keyof typeof events
type DataByName = { readonly [N in EventName]: Infer<(typeof events)[N]['record']> }
export type EventData<N extends EventName = EventName> = DataByName[N]

export const catalogue: { readonly [N in EventName]: Event<DataByName[N]> } = events
export const eventNames = Object.keys(catalogue) as EventName[]

export type EventType<N extends EventName = EventName> = `dev.trainyard.${N}.v1`

/** The CloudEvents type of an event. */
export function typeOf<N extends EventName>(name: N): EventType<N> {
  return `dev.trainyard.${name}.v1`
}

const nameByType: ReadonlyMap<string, EventName> = new Map(eventNames.map((name) => [typeOf(name), name]))

/** The event of a CloudEvents type, or undefined when the type is none of ours. */
export function nameOf(type: string): EventName | undefined {
  return nameByType.get(type)
}

/** Key of the event's message. */
export function keyOf<N extends EventName>(name: N, data: EventData<N>): string {
  return catalogue[name].key(data)
}
