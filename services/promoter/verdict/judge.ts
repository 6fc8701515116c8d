/**
 * The verdict: a pure function of an evaluation, a policy and what is true of the key, so that it can be given again in a
 * year, or with another policy (I8).
 *
 * Each rule gives its word by itself, and the most severe word is the verdict. Two rules are different: where a person
 * has pinned the key, and where the exam is too small to tell anything, the verdict is hold whatever the others say;
 * what they say is kept as reasons for the person who decides.
 *
 * A better candidate never gets a worse verdict: no rule answers a higher figure with a more severe word. (A row more that
 * the candidate got right lowers no figure, but for the bounds of a large exam's interval where its method changes: those
 * may give way by less than two rows.)
 */
import type { EvaluationDocument, Verdict, VerdictFacts } from '../../../schemas/evaluation.ts'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import type { VerdictWord } from '../../../schemas/words.ts'
import { againstChampion } from './comparison.ts'
import { type Finding, finding } from './finding.ts'
import { accuracy, examRows } from './floors.ts'

const severity: Readonly<Record<VerdictWord, number>> = { promote: 0, hold: 1, reject: 2 }

export function judge(evaluation: EvaluationDocument, policy: PromotionPolicy, facts: VerdictFacts): Verdict {
  if (evaluation.exam.unmarked !== undefined) {
    return unmeasured(`the exam could not be marked: ${evaluation.exam.unmarked}`)
  }
  const pinned = facts.pinned ? [finding('pin', 'hold', { text: 'a person has pinned the champion' })] : []
  const floor = examRows(evaluation, policy)
  const findings = [
    ...pinned,
    floor,
    accuracy(evaluation, policy),
    ...againstChampion(evaluation, policy, facts),
    fence(evaluation, facts),
  ]
  const overriding = [...pinned, floor].find(({ word }) => word === 'hold')
  const deciding = overriding ?? findings.reduce((worst, next) => (graver(next, worst) ? next : worst))
  const { rule } = deciding.word === 'promote' ? inFavour(findings, deciding) : deciding.reason
  const byWeight = findings.toSorted((a, b) => weight(b, rule) - weight(a, rule))
  return { verdict: deciding.word, rule, reasons: byWeight.map(({ reason }) => reason) }
}

/** The verdict on a model of which nothing is known: a person decides, and knows why. */
export function unmeasured(text: string): Verdict {
  const { word, reason } = finding('measured', 'hold', { text })
  return { verdict: word, rule: reason.rule, reasons: [reason] }
}

function graver(a: Finding, b: Finding): boolean {
  return severity[a.word] > severity[b.word]
}

/** When nothing speaks against the model, what speaks for it is that it is the first, or how it compares. */
function inFavour(findings: readonly Finding[], otherwise: Finding): Finding['reason'] {
  const reasons = findings.map(({ reason }) => reason)
  return reasons.find(({ rule }) => rule === 'firstModel' || rule === 'difference') ?? otherwise.reason
}

/** The deciding rule first, then what speaks against the model, the gravest first. */
function weight({ word, reason }: Finding, rule: Finding['reason']['rule']): number {
  return (reason.rule === rule ? 10 : 0) + severity[word]
}

/** No machine puts in force a generation that is not above the fence (I3). */
function fence({ generation }: EvaluationDocument, { fence }: VerdictFacts): Finding {
  const numbers = { generation, fence }
  return generation > fence
    ? finding('fence', 'promote', { text: `generation ${generation} is above the fence ${fence}`, numbers })
    : finding('fence', 'hold', {
        text: `generation ${generation} is not above the fence ${fence}: only a person may put it in force`,
        numbers,
      })
}
