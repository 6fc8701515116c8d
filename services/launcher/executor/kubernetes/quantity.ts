/** Kubernetes' way of writing amounts: `4`, `500m`, `16Gi`, `1.5e3`. */

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

const form = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/

/** Undefined for what is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  const [, digits = '', exponent, suffix = ''] = match
  // Written out once, 0.1 and 100m are the same number.
  if (exponent !== undefined) return Number(`${digits}e${exponent}`)
  const factor = factors[suffix]
  if (factor === undefined) return undefined
  return factor < 1 ? Number(`${digits}e${Math.round(Math.log10(factor))}`) : Number(digits) * factor
}
