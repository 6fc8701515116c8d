import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventNames } from '../../schemas/catalogue.ts'
import { otherRunOf, sentenceFromOtherSide, sentenceOf, type Told } from '../../services/console/sentences.ts'
import { at, digest, given, run, signal } from './given.ts'

const told = given({ letter: 'a' })
const first = given({ letter: 'a', sequence: 1 })
const shortDigest = (what: string) => `${digest(what).slice(0, 19)}…`

const table: [Told, string][] = [
  [
    told('signal.ended'),
    `Signal ${signal(1)} of bot-edited came in; launched (${run('a')}) 3.0 s later: its run started`,
  ],
  [
    told('signal.ended', { end: 'deadLettered', run: null, reason: 'no dataset' }),
    `Signal ${signal(1)} of bot-edited came in; dead-lettered 3.0 s later: no dataset`,
  ],
  [
    told('training.requested'),
    `Requested as generation 3 for 2 signals: the dataset changed (dataset ${shortDigest('dataset')}: 1,234 training rows, 310 exam rows, 21 intents)`,
  ],
  [
    told('training.requested', {
      actor: 'ada',
      reason: 'new intents',
      signals: { count: 1, first: signal(1), last: signal(1) },
    }),
    `Requested by ada as generation 3 for 1 signal: new intents (dataset ${shortDigest('dataset')}: 1,234 training rows, 310 exam rows, 21 intents)`,
  ],
  [told('run.queued'), 'Queued with priority 5'],
  [told('run.started'), 'Attempt 1 started'],
  [
    told('run.succeeded'),
    `Succeeded in 16.0 s with 2 attempts: model ${shortDigest(run('a'))} sat its exam; champion number 3 (${run('y')}) sat the same exam`,
  ],
  [
    first('run.succeeded'),
    `Succeeded in 16.0 s with 2 attempts: model ${shortDigest(run('a'))} sat its exam; there is no champion to compare it with`,
  ],
  [told('run.failed'), 'Failed in 16.0 s with 2 attempts: exit code 3'],
  [
    told('run.failed', { startedAt: null, attempts: [], reason: 'its program is gone' }),
    'Failed before it started: its program is gone',
  ],
  [told('run.superseded'), `Superseded by ${run('z')} before it started`],
  [told('run.superseded', { wasRunning: true }), `Superseded by ${run('z')} while it was running`],
  [told('run.cancelled'), 'Cancelled by ada while it was running: wrong data'],
  [
    told('model.evaluated'),
    `Measured on 310 exam rows: accuracy 91.3 %, macro-F1 90.5 %; +1.2 points (−0.4 to +2.8) against champion number 3 (${run('y')})`,
  ],
  [
    told('model.evaluated', { difference: null }),
    `Measured on 310 exam rows: accuracy 91.3 %, macro-F1 90.5 %; not compared with champion number 3 (${run('y')})`,
  ],
  [
    told('model.evaluated', { examRows: 0, accuracy: 0, macroF1: 0, difference: null }),
    'Not measured: there is no exam row that could be marked',
  ],
  [
    first('model.evaluated'),
    'Measured on 310 exam rows: accuracy 91.3 %, macro-F1 90.5 %; no champion to compare it with',
  ],
  [told('model.promoted'), 'Promoted by policy as champion number 4: not worse: −0.4 points or better; no intent fell'],
  [told('model.promoted', { decidedBy: 'person', actor: 'ada', reasons: [] }), 'Promoted by ada as champion number 4'],
  [told('model.held'), 'Held for a person to decide: the key is pinned'],
  [told('model.rejected'), 'Rejected by policy: worse by 4.2 points'],
  [
    told('model.rejected', { decidedBy: 'limit', reasons: ['held for 7 days'] }),
    'Expired, nobody having decided in time: held for 7 days',
  ],
  [told('model.overtaken'), `Overtaken while held: ${run('z')} was promoted`],
  [told('model.ready'), `In force as champion number 4, in place of number 3 (${run('y')}), by policy: not worse`],
  [first('model.ready'), 'In force as champion number 1, the first one, by policy: not worse'],
]

test('every type of event is told in one exact sentence', () => {
  for (const [event, sentence] of table) assert.equal(sentenceOf(event), sentence)
  assert.deepEqual(new Set(table.map(([event]) => event.name)), new Set(eventNames))
})

test('a champion without answers is told with the reason', () => {
  const { data } = told('run.succeeded')
  assert.ok(data.champion)
  const silent = told('run.succeeded', { champion: { ...data.champion, answers: null, reason: 'its program is gone' } })
  assert.match(sentenceOf(silent), /champion number 3 \(run-y+\) has no answers: its program is gone$/)
})

test('the other run tells the same event from its side', () => {
  const table: [Told, string | null, string][] = [
    [told('run.superseded'), run('z'), `Took the place of ${run('a')}, which had not started`],
    [told('run.superseded', { wasRunning: true }), run('z'), `Took the place of ${run('a')}, which was running`],
    [told('model.overtaken'), run('z'), `Its promotion overtook the held model of ${run('a')}`],
    [told('model.ready'), run('y'), `No longer in force: ${run('a')} is champion number 4: not worse`],
    [first('model.ready'), null, `No longer in force: ${run('a')} is champion number 1: not worse`],
    [told('run.started', { startedAt: at(9) }), null, 'Attempt 1 started'],
  ]
  for (const [event, other, sentence] of table) {
    assert.equal(otherRunOf(event), other)
    assert.equal(sentenceFromOtherSide(event), sentence)
  }
})
