/**
 * Area under the ROC curve: how often a positive scores above a negative, ties counting half (Hanley & McNeil, Radiology
 * 143:29–36, 1982). Computed from mid-ranks, as the Mann–Whitney U statistic. Null when either side is empty.
 */
export function areaUnderRoc(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null
  const scored = [
    ...positives.map((score) => ({ score, positive: 1 })),
    ...negatives.map((score) => ({ score, positive: 0 })),
  ].sort((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : 0))
  let rankSum = 0
  for (let start = 0; start < scored.length; ) {
    let end = start
    let tied = 0
    while (end < scored.length && scored[end]?.score === scored[start]?.score) {
      tied += scored[end]?.positive ?? 0
      end += 1
    }
    rankSum += (tied * (start + 1 + end)) / 2
    start = end
  }
  const least = (positives.length * (positives.length + 1)) / 2
  return (rankSum - least) / (positives.length * negatives.length)
}
