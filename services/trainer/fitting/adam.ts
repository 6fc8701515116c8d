/** Adam, applied lazily: a row that a batch doesn't touch keeps its weights and its moments. */

/** Running means of the gradient and of its square. */
export type Moments = { mean: Float32Array; square: Float32Array }

export function emptyMoments(size: number): Moments {
  return { mean: new Float32Array(size), square: new Float32Array(size) }
}

export type Stride = { rate: number; epsilon: number }

const meanDecay = 0.9
const squareDecay = 0.999

/** The corrections for moments that start empty, folded into rate and epsilon. Steps count from 1. */
export function strideOf(step: number, rate: number): Stride {
  const squareCorrection = Math.sqrt(1 - squareDecay ** step)
  return { rate: (rate * squareCorrection) / (1 - meanDecay ** step), epsilon: 1e-8 * squareCorrection }
}

/** Moves the weights from `offset` on against the gradient. */
export function descend(
  weights: Float32Array,
  moments: Moments,
  offset: number,
  gradient: Float32Array,
  stride: Stride,
): void {
  const { mean, square } = moments
  const { rate, epsilon } = stride
  for (let c = 0; c < gradient.length; c += 1) {
    const slope = gradient[c] ?? 0
    const newMean = meanDecay * (mean[offset + c] ?? 0) + (1 - meanDecay) * slope
    const newSquare = squareDecay * (square[offset + c] ?? 0) + (1 - squareDecay) * slope * slope
    mean[offset + c] = newMean
    square[offset + c] = newSquare
    weights[offset + c] = (weights[offset + c] ?? 0) - (rate * newMean) / (Math.sqrt(newSquare) + epsilon)
  }
}

/** Warm-up over the first twentieth of the steps, then half a cosine down to nothing. */
export function rateAt(step: number, steps: number, highest: number): number {
  const warmUp = steps / 20
  if (step <= warmUp) return highest * (step / warmUp)
  return highest * 0.5 * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)))
}
