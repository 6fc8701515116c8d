/** The softmax's cross-entropy against smoothed labels. */

/** Turns a batch's logits into the gradient of its mean loss over them, in place; returns that loss. */
export function toErrors(
  logits: Float32Array,
  classes: number,
  texts: Int32Array,
  classOf: Int32Array,
  smoothing: number,
): number {
  let loss = 0
  for (let at = 0; at < texts.length; at += 1) {
    loss += toErrorsOfText(logits, at * classes, classes, classOf[texts[at] ?? 0] ?? 0, smoothing, texts.length)
  }
  return loss / texts.length
}

function toErrorsOfText(
  logits: Float32Array,
  offset: number,
  classes: number,
  right: number,
  smoothing: number,
  texts: number,
): number {
  let highest = Number.NEGATIVE_INFINITY
  for (let c = 0; c < classes; c += 1) highest = Math.max(highest, logits[offset + c] ?? 0)
  const loss = -((logits[offset + right] ?? 0) - highest)
  let sum = 0
  for (let c = 0; c < classes; c += 1) {
    const exponential = Math.exp((logits[offset + c] ?? 0) - highest)
    logits[offset + c] = exponential
    sum += exponential
  }
  const factor = 1 / (sum * texts)
  const elsewhere = smoothing / (classes * texts)
  for (let c = 0; c < classes; c += 1) logits[offset + c] = (logits[offset + c] ?? 0) * factor - elsewhere
  logits[offset + right] = (logits[offset + right] ?? 0) - (1 - smoothing) / texts
  return loss + Math.log(sum)
}
