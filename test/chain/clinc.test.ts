import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, postDataset, publish } from './bot.ts'

// Larson et al. 2019, CC BY 3.0; read in place, never copied into this repository.
const file = new URL('../../../shared/data/clinc150/data_full.json', import.meta.url)

/** Three epochs show that the chain carries it; what `wide` makes of the data at its full length is for the benchmark to say. */
const configuration = `jobTypes:
  intents:
    program: { command: [node, services/trainer/main.ts, wide] }
    hyperparameters: { epochs: 3 }
triggers:
  - { name: bot-edited, topic: bot.events, when: { type: bot.updated }, jobType: intents,
      bot: /data/botId, dataset: /data/dataset/uri, digest: /data/dataset/digest, revision: /data/revision }
`

type Pair = [text: string, intent: string]

/** The official split, said with each row: the training part as it is, the test part as the exam. */
function officialDataset(): string {
  const data = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Pair[]>
  const rowsOf = (part: string, split: string, outOfScope: boolean) =>
    (data[part] ?? []).map(([text, intent]) => ({ text, intent: outOfScope ? null : intent, split }))
  // A few texts stand in both parts; as training texts they would not be an exam.
  const trained = [...rowsOf('train', 'train', false), ...rowsOf('oos_train', 'train', true)]
  const known = new Set(trained.map(({ text }) => text.toLowerCase()))
  const asked = [...rowsOf('test', 'held-out', false), ...rowsOf('oos_test', 'held-out', true)]
  const rows = [...trained, ...asked.filter(({ text }) => !known.has(text.toLowerCase()))]
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

test('CLINC150 goes through the whole chain as a bot of its own, and at least 85 % of its in-scope exam is answered rightly', {
  skip: existsSync(file) ? false : 'the data set is not on this machine: shared/data/clinc150 beside the repository',
}, async (t) => {
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
