import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EvaluationDocument } from '../../schemas/evaluation.ts'
import { attemptsOf, logOf } from '../chain/answers.ts'
import { botUpdated, championOf, postDataset, publish } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { smallBot } from '../trainer/harness.ts'
import { lockedPython, program } from './program.ts'

function configurationWith(command: readonly string[]): string {
  return `jobTypes:
  intents:
    program: { command: ${JSON.stringify(command)} }
triggers:
  - { name: bot-edited, topic: bot.events, when: { type: bot.updated }, jobType: intents,
      bot: /data/botId, dataset: /data/dataset/uri, digest: /data/dataset/digest, revision: /data/revision }
`
}

test('a model trained in Python meets the champion of a program in TypeScript on the same held-out rows, and takes its place', async (t) => {
  const yard = await startYard(t, {
    configuration: configurationWith(['node', 'services/trainer/main.ts', 'wide']),
    postgres: 'shared',
  })
  const rows = smallBot().map((row) => `${JSON.stringify(row)}\n`)
  const dataset = await postDataset(yard, rows.join(''))
  await publish(yard, botUpdated('bot', dataset, 1))
  const first = await eventually(() => championOf(yard, 'bot'), { what: 'a champion by wide' })

  await yard.kill('SIGTERM')
  await writeFile(join(yard.directory, 'trainyard.yaml'), configurationWith([await lockedPython(), program]))
  await yard.start()
  await publish(yard, botUpdated('bot', dataset, 2))
  const second = await eventually(
    async () => {
      const champion = await championOf(yard, 'bot')
      return champion?.sequence === 2 && champion
    },
    { timeoutMs: 120_000, what: 'a champion by the Python program' },
  )

  assert.match(await logOf(yard, second.run), /device: /)
  const kinds = (await attemptsOf(yard, second.run)).map(({ kind, outcome }) => `${kind} ${outcome}`)
  assert.ok(kinds.includes('train done'), kinds.join())
  const { evaluation } = await yard.get<{ evaluation: { evaluation: string } }>(`/runs/${second.run}`)
  const { candidate, champion, comparison } = await yard.get<EvaluationDocument>(
    `/evaluations/${evaluation.evaluation}`,
  )
  assert.equal(candidate.model, second.model.digest)
  assert.equal(champion?.model, first.model.digest)
  assert.ok(candidate.rows > 20 && candidate.accuracy > 0.9, `${candidate.accuracy} of ${candidate.rows}`)
  assert.equal(comparison?.allRows.rows, candidate.rows)
  assert.ok(champion?.answered && champion.rows === candidate.rows)
})
