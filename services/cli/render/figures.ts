/** What the command line says of times and sizes, beside the figures that everybody shares. */

const units = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1_000, name: 's' },
] as const

/** The largest unit alone: `12 s`, `5 min`, `3 h`, `2 d`. */
export function roughly(milliseconds: number, whole: (share: number) => number = Math.floor): string {
  const unit = units.find(({ ms }) => milliseconds >= ms)
  return unit === undefined ? '0 s' : `${whole(milliseconds / unit.ms)} ${unit.name}`
}

/**
 * `3 min ago`, `in 12 s`, `now`. What is to come is rounded to the nearest, so that seven days are not six a moment later;
 * seconds are rounded up, so that nothing is due "in 0 s".
 */
export function relative(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime()
  if (ms >= 1_000) return `${roughly(ms)} ago`
  return ms >= 0 ? 'now' : `in ${roughly(Math.ceil(-ms / 1_000) * 1_000, Math.round)}`
}

/** `first`, `second`, `third`, `4th`, `21st`. */
export function ordinal(position: number): string {
  const word = ['first', 'second', 'third'][position - 1]
  if (word !== undefined) return word
  const teens = position % 100 >= 11 && position % 100 <= 13
  return `${position}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][position % 10] ?? 'th')}`
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`
  return `${(count / 1024 / 1024).toFixed(1)} MiB`
}
