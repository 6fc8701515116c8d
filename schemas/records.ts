/** Fields and records that events are made of. */

import { type Avro, choice, double, id, list, long, nullable, record, text, timestampMs, whole } from './avro.ts'
import { attemptOutcomes, BotId, Digest, EvaluationId, JobTypeName, RunId, SignalId } from './words.ts'

export const key = {
  bot: id(BotId, 'The bot.'),
  jobType: id(JobTypeName, 'The job type.'),
}
export const line = {
  ...key,
  generation: long('Number of the request among those of its bot and job type; it only grows.'),
}
export const run = id(RunId, 'The run.')
export const actor = nullable(text('The person who decided; null for a machine.'))
export const digest = (doc: string): Avro<Digest> => id(Digest, doc)

export const dataset = record('Dataset', 'A dataset that was checked, split and stored.', {
  digest: digest('Digest of the stored bytes.'),
  uri: text('Where it came from.'),
  train: digest('Digest of the training part.'),
  examTexts: digest("Digest of the exam's texts."),
  examLabels: digest("Digest of the exam's labels, for the evaluator alone."),
  trainRows: whole('Rows of the training part.'),
  examRows: whole('Rows of the exam.'),
  intents: whole('How many intents there are, without out-of-scope.'),
  splitVersion: whole('Version of the function that split it.'),
})

export const model = record('Model', 'A stored model.', {
  url: text('Where its manifest can be fetched; it resolves for ever, or answers 410.'),
  digest: digest('Digest of the manifest.'),
})

export const counted = record(
  'Counted',
  'A list that can grow: how many, the first and the last. The whole is in the API.',
  {
    count: whole('How many.'),
    first: id(SignalId, 'The first.'),
    last: id(SignalId, 'The last.'),
  },
)

export const attempt = record('Attempt', 'One try of a run.', {
  number: whole('Its number within the run, from 1.'),
  outcome: choice('AttemptOutcome', attemptOutcomes, 'How it ended.'),
  reason: text('The same in words.'),
  exitCode: nullable(whole("The program's exit code, where there is one.")),
  startedAt: nullable(timestampMs('When it started; null if it never did.')),
  endedAt: timestampMs('When it ended.'),
})

export const championAnswers = record('ChampionAnswers', 'The champion that sat the same exam.', {
  run: id(RunId, 'The run that made it.'),
  sequence: long('Its sequence number.'),
  model,
  train: digest('Digest of the data that it was trained on.'),
  answers: nullable(digest('Digest of its answers; null if there are none.')),
  reason: nullable(text('Why there are no answers.')),
})

export const champion = record('Champion', 'A model in force.', {
  run: id(RunId, 'The run that made it.'),
  sequence: long('Its sequence number.'),
  model,
})

export const difference = record(
  'Difference',
  'Accuracy of the candidate less that of the champion, on the same rows.',
  {
    estimate: double('The point estimate.'),
    low: double('Lower bound of the interval.'),
    high: double('Upper bound of the interval.'),
  },
)

export const policy = text('The promotion policy of the request, as canonical JSON.')
export const attempts = list(attempt, 'Its attempts, first to last.')
export const byMachineOrPerson = choice('DecidedBy', ['policy', 'person'], 'Who decided.')
export const byAnyone = choice(
  'DecidedByOrLimit',
  ['policy', 'person', 'limit'],
  'Who decided; limit: nobody did in time.',
)
export const reasons = list(text('One reason.'), 'Why, in words and numbers.')
export const decidedAt = timestampMs('When it was decided.')

export const judged = { run, ...line, evaluation: id(EvaluationId, 'The evaluation that was judged.') }
