/** Run by `make prove-trainer`: some minutes of training are too much for `make test`. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, postDataset, publish } from './bot.ts'
import { clincConfiguration, officialDataset, withoutClinc } from './clinc.ts'

type Judged = { verdict: { reasons: string[] }; evaluation: { difference: { estimate: number; low: number } } }

test("on CLINC150 wide-deep beats the champion that wide trained, and is promoted by the evaluation's own test", {
  skip: withoutClinc,
}, async (t) => {
  const yard = await startYard(t, { configuration: clincConfiguration('wide'), postgres: 'shared' })
  const dataset = await postDataset(yard, officialDataset())
  const inForce = (sequence: number) =>
    eventually(
      async () => ((await championOf(yard, 'clinc'))?.sequence === sequence ? championOf(yard, 'clinc') : undefined),
      {
        timeoutMs: 600_000,
        what: `champion ${sequence}`,
      },
    )
  await publish(yard, botUpdated('clinc', dataset, 1))
  const first = await inForce(1)

  await yard.kill('SIGTERM')
  await writeFile(join(yard.directory, 'trainyard.yaml'), clincConfiguration('wide-deep'))
  await yard.start()
  await publish(yard, botUpdated('clinc', dataset, 2))
  const second = await inForce(2)
  assert.notEqual(second.model.digest, first.model.digest)
  const { verdict, evaluation } = await yard.get<Judged>(`/runs/${second.run}`)
  process.stdout.write(`${verdict.reasons.join('; ')}\n`)
  assert.ok(evaluation.difference.low > 0, 'better, beyond doubt')
  assert.ok(verdict.reasons.some((reason) => reason.includes('proven not worse')))
})
