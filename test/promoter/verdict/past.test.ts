import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { EvaluationDocument, Verdict, VerdictFacts } from '../../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../../schemas/job-type.ts'
import { judge } from '../../../services/promoter/verdict/judge.ts'

const Given = z.strictObject({
  evaluation: EvaluationDocument,
  policy: PromotionPolicy,
  facts: VerdictFacts,
  verdict: Verdict,
})

// Written when they were given, and never again: one verdict for each rule that can decide.
const past = readFileSync(new URL('./given-in-2026.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')

test('I8: verdicts of the past come out as they were given, from the evaluation, policy and facts as they were stored', () => {
  for (const line of past) {
    const { evaluation, policy, facts, verdict } = Given.parse(JSON.parse(line))
    assert.deepEqual(judge(evaluation, policy, facts), verdict)
  }
})
