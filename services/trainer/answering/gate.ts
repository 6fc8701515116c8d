/** Fitting how the doubt about a text turns into a probability of its being out of scope. */

import { type Gate, logistic } from './answer.ts'

type Point = { doubt: number; outside: 0 | 1; weight: number }

/** Keeps the slope finite where the two sides are cleanly apart. */
const ridge = 0.1
const mostIterations = 100
const settled = 1e-9

/**
 * Logistic regression in which the two sides weigh as `outOfScopeShare` says, however many texts each has. Newton's
 * method, with steps halved where they would make it worse.
 */
export function fitGate(inScope: readonly number[], outside: readonly number[], outOfScopeShare: number): Gate {
  const total = inScope.length + outside.length
  const points: Point[] = [
    ...inScope.map(
      (doubt) => ({ doubt, outside: 0, weight: ((1 - outOfScopeShare) * total) / inScope.length }) as const,
    ),
    ...outside.map((doubt) => ({ doubt, outside: 1, weight: (outOfScopeShare * total) / outside.length }) as const),
  ]
  let gate: Gate = { bias: Math.log(outOfScopeShare / (1 - outOfScopeShare)), slope: 0 }
  let cost = costOf(gate, points)
  for (let iteration = 0; iteration < mostIterations; iteration += 1) {
    const step = newtonStep(gate, points)
    let better = gate
    let betterCost = cost
    for (let part = 1; part > settled && !(betterCost < cost); part /= 2) {
      better = { bias: gate.bias + part * step.bias, slope: gate.slope + part * step.slope }
      betterCost = costOf(better, points)
    }
    if (!(cost - betterCost > settled * total)) break
    gate = better
    cost = betterCost
  }
  return gate
}

/** Negative log-likelihood, and the ridge. */
function costOf({ bias, slope }: Gate, points: readonly Point[]): number {
  let cost = (ridge / 2) * slope * slope
  for (const { doubt, outside, weight } of points) {
    const logOdds = bias + slope * doubt
    const against = outside === 1 ? -logOdds : logOdds
    cost += weight * (Math.max(0, against) + Math.log1p(Math.exp(-Math.abs(against))))
  }
  return cost
}

function newtonStep({ bias, slope }: Gate, points: readonly Point[]): Gate {
  let pullBias = 0
  let pullSlope = -ridge * slope
  // Never quite flat, so that the step stays finite.
  let curveBias = 1e-9
  let curveBoth = 0
  let curveSlope = ridge
  for (const { doubt, outside, weight } of points) {
    const share = logistic(bias + slope * doubt)
    const surprise = weight * (outside - share)
    const curvature = weight * share * (1 - share)
    pullBias += surprise
    pullSlope += surprise * doubt
    curveBias += curvature
    curveBoth += curvature * doubt
    curveSlope += curvature * doubt * doubt
  }
  const determinant = curveBias * curveSlope - curveBoth * curveBoth
  return {
    bias: (curveSlope * pullBias - curveBoth * pullSlope) / determinant,
    slope: (curveBias * pullSlope - curveBoth * pullBias) / determinant,
  }
}
