import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvaluationDocument, ModelFigures } from '../../../schemas/evaluation.ts'
import { canonicalJson } from '../../../schemas/words.ts'
import { bot, digest, evaluation, given, jobType, run } from '../given.ts'
import { openConsole } from '../open.ts'

const candidate: ModelFigures = {
  model: digest('model'),
  rows: 2,
  unanswered: 0,
  accuracy: 0.5,
  inScopeAccuracy: 0.5,
  macroF1: 0.4,
  perIntent: [{ intent: 'pay', support: 2, precision: 1, recall: 0.5, f1: 0.67 }],
  confusion: { intents: ['pay', null], cells: [[0, 1, 1]] },
  outOfScope: null,
  calibrationError: 0.1,
}

const document: EvaluationDocument = {
  version: 1,
  evaluation: evaluation(1),
  run: run('a'),
  bot,
  jobType,
  generation: 3,
  exam: { labels: digest('labels'), rows: 2, outOfScopeRows: 0 },
  candidate,
  champion: null,
  comparison: null,
  limits: { intentsWithoutRows: [], intentsBelowSupport: ['pay'], tellingSupport: 8 },
}

const measured = given({ letter: 'a' })

test('an evaluation is served whole, from the digest that its event named', async (t) => {
  const { kit, get, tell } = await openConsole(t)
  const stored = await kit.blobs.put(Buffer.from(canonicalJson(document)))
  await tell(measured('model.evaluated', { document: stored.digest }))
  assert.deepEqual((await get(`/evaluations/${evaluation(1)}`)).body, document)
})

test('an evaluation whose document is no longer kept is gone, and one that never was is not found', async (t) => {
  const { get } = await openConsole(t, [measured('model.evaluated')])
  const gone = await get(`/evaluations/${evaluation(1)}`)
  assert.equal(gone.status, 410)
  assert.match(gone.body.error.message, /no longer kept/)
  assert.equal((await get(`/evaluations/${evaluation(2)}`)).status, 404)
})

test('bytes that are no evaluation are not passed off as one', async (t) => {
  const { kit, get, tell } = await openConsole(t)
  const stored = await kit.blobs.put(Buffer.from('{"version":1}'))
  await tell(measured('model.evaluated', { document: stored.digest }))
  assert.equal((await get(`/evaluations/${evaluation(1)}`)).status, 500)
})
