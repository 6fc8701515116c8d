import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, postDataset, publish } from './bot.ts'
import { clincConfiguration, officialDataset, withoutClinc } from './clinc.ts'

test('CLINC150 goes through the whole chain as a bot of its own, and at least 85 % of its in-scope exam is answered rightly', {
  skip: withoutClinc,
}, async (t) => {
  // Three epochs show that the chain carries it; what `wide` makes of the data at its full length is for the benchmark to say.
  const configuration = clincConfiguration('wide', '{ epochs: 3 }')
  const yard = await startYard(t, { configuration, postgres: 'shared' })
  await publish(yard, botUpdated('clinc', await postDataset(yard, officialDataset()), 1))
  const champion = await eventually(() => championOf(yard, 'clinc'), { timeoutMs: 120_000, what: 'a champion' })
  const { evaluation } = await yard.get<{ evaluation: { evaluation: string } }>(`/runs/${champion.run}`)
  const document = await yard.get<{
    candidate: { perIntent: { intent: string | null; recall: number; support: number }[] }
  }>(`/evaluations/${evaluation.evaluation}`)
  const inScope = document.candidate.perIntent.filter(({ intent }) => intent !== null)
  const rows = inScope.reduce((sum, { support }) => sum + support, 0)
  const right = inScope.reduce((sum, { support, recall }) => sum + support * recall, 0)
  assert.ok(right / rows >= 0.85, `${right} of ${rows}`)
})
