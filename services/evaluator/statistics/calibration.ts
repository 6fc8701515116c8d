const bins = 15

/**
 * Expected calibration error: the mean distance between confidence and accuracy over bins of equal width, weighted by
 * their rows (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, with their 15 bins).
 */
export function calibrationError(answers: readonly { confidence: number; right: boolean }[]): number {
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, right: 0 }))
  for (const { confidence, right } of answers) {
    // Bin m holds ((m − 1)/15, m/15], as in the paper; a confidence of 0 goes into the first.
    const bin = sums[Math.max(0, Math.ceil(confidence * bins) - 1)]
    if (bin === undefined) continue
    bin.confidence += confidence
    bin.right += Number(right)
  }
  const distance = sums.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0)
  return answers.length === 0 ? 0 : distance / answers.length
}
