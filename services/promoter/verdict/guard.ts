/**
 * The guard: no intent with enough support falls by more than allowed.
 *
 * The difference over all intents cannot see it: a model that has lost two intents of thirty has lost a few rows in a
 * hundred. So each intent is looked at by itself. But among many intents some fall by chance, and a rejection is final
 * while a hold is a question; so a broken guard alone holds the model, and rejects it only where the fall is proven.
 *
 * Proof is McNemar's exact test on the intents that broke the guard, taken together, since an edit that breaks several
 * intents shows in each of them on a handful of rows. "Together" is the group among them whose fall is the most telling:
 * if all of them were always pooled, a second intent that fell a little could hide the first one that fell a lot, and a
 * better candidate could get a worse verdict. Picking that group makes the test a little too ready; what outweighs it is
 * that it is asked only where the guard is broken, which by chance alone is rare.
 */
import type { IntentChange } from '../../../schemas/evaluation.ts'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import { counted } from '../../kit/figures.ts'
import { mcNemarP } from '../../kit/statistics/mcnemar.ts'
import { type Finding, figure, finding } from './finding.ts'

export function guard(changes: readonly IntentChange[], policy: PromotionPolicy): Finding[] {
  const { minimumSupport, maximumRecallDrop } = policy.guard
  const guarded = changes.filter(({ rows }) => rows >= minimumSupport)
  const fallen = guarded.filter((change) => dropOf(change) > maximumRecallDrop)
  if (fallen.length === 0) {
    const unguarded = changes.length - guarded.length
    const blind = unguarded > 0 ? `; ${counted(unguarded, 'intent')} with fewer rows not guarded` : ''
    return [
      finding('guard', 'promote', {
        text: `none of ${counted(guarded.length, 'intent')} with at least ${counted(minimumSupport, 'row')} fell by more than ${figure(maximumRecallDrop)}${blind}`,
        numbers: { guarded: guarded.length, unguarded, minimumSupport, maximumRecallDrop },
      }),
    ]
  }
  const proof = mostTelling(fallen)
  const word = proof.p <= 1 - policy.confidence ? 'reject' : 'hold'
  return [...fallen.map((change) => fall(change, word, maximumRecallDrop)), proofFinding(proof, word)]
}

/** From the counts and not from the rounded recalls, so that a fall of exactly the allowed size is allowed. */
function dropOf({ rows, onlyCandidateRight, onlyChampionRight }: IntentChange): number {
  return (onlyChampionRight - onlyCandidateRight) / rows
}

function fall(change: IntentChange, word: Finding['word'], maximumRecallDrop: number): Finding {
  const { intent, rows, championRecall, candidateRecall, relabelled } = change
  const moved = relabelled > 0 ? ` (${relabelled} of them under another intent in this dataset)` : ''
  const name = intent ?? 'out of scope'
  return finding('guard', word, {
    text: `${name}: recall fell ${figure(championRecall)} → ${figure(candidateRecall)} over ${counted(rows, 'row')}${moved}, more than the allowed ${figure(maximumRecallDrop)}`,
    numbers: { rows, championRecall, candidateRecall, drop: dropOf(change), maximumRecallDrop, relabelled },
    intent,
  })
}

type Proof = { readonly won: number; readonly lost: number; readonly p: number }

/** Among all groups of these intents, the one whose fall is the least likely by chance. */
function mostTelling(fallen: readonly IntentChange[]): Proof {
  // Of the groups that won the same number of rows the one that lost most is the most telling; so one is kept for each.
  const mostLost = new Map<number, number>([[0, 0]])
  for (const { onlyCandidateRight, onlyChampionRight } of fallen) {
    for (const [won, lost] of [...mostLost]) {
      const together = won + onlyCandidateRight
      mostLost.set(together, Math.max(mostLost.get(together) ?? 0, lost + onlyChampionRight))
    }
  }
  return Array.from(mostLost, ([won, lost]) => ({ won, lost, p: mcNemarP(won, lost) })).reduce((best, group) =>
    group.p < best.p ? group : best,
  )
}

function proofFinding({ won, lost, p }: Proof, word: Finding['word']): Finding {
  const rows = `the champion alone was right on ${counted(lost, 'row')} of fallen intents, the candidate alone on ${won}`
  return finding('guard', word, {
    text: `${rows} (p ${p < 0.001 ? '< 0.001' : figure(p)}): ${word === 'reject' ? 'proven' : 'it may be chance'}`,
    numbers: { won, lost, p },
  })
}
