/**
 * Seeded numbers. A stream is a function of the seed and of what it is for (round, epoch, batch), not of what was drawn
 * before, so a resumed training draws what an undisturbed one would.
 */

/** Uniform in [0, 1), 32 bits of it. */
export type Draw = () => number

export function stream(seed: number, ...purpose: readonly number[]): Draw {
  let state = 0x9e3779b9
  for (const part of [seed >>> 0, Math.floor(seed / 2 ** 32), ...purpose]) state = mix(state ^ part) + 0x9e3779b9
  // Mulberry32.
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The final mix of MurmurHash3: every bit of the input changes half of the output's. */
export function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Fisher–Yates, in place. */
export function shuffle(items: Int32Array, draw: Draw): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(draw() * (last + 1))
    const held = items[last] ?? 0
    items[last] = items[other] ?? 0
    items[other] = held
  }
}
