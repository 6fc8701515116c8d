/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function number(value: number): string {
  return whole.format(value)
}

/** `1 row`, `1,234 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

/** `0.91304` is `91.3 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** A difference of two shares in percentage points, with its sign: `0.012` is `+1.2`. */
export function points(difference: number): string {
  const text = (difference * 100).toFixed(1)
  if (Number(text) === 0) return '0.0'
  return difference > 0 ? `+${text}` : text.replace('-', '−')
}

const units = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1_000, name: 's' },
] as const

/** The largest unit alone: `12 s`, `5 min`, `3 h`, `2 d`. */
export function roughly(milliseconds: number): string {
  const unit = units.find(({ ms }) => milliseconds >= ms)
  return unit === undefined ? '0 s' : `${Math.floor(milliseconds / unit.ms)} ${unit.name}`
}

/** `850 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds))
  if (ms < 1_000) return `${ms} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `3 min ago`, `in 12 s`, `now`. Seconds to come are rounded up, so that nothing is due "in 0 s". */
export function relative(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime()
  if (ms >= 1_000) return `${roughly(ms)} ago`
  return ms >= 0 ? 'now' : `in ${roughly(Math.ceil(-ms / 1_000) * 1_000)}`
}

/** `first`, `second`, `third`, `4th`, `21st`. */
export function ordinal(position: number): string {
  const word = ['first', 'second', 'third'][position - 1]
  if (word !== undefined) return word
  const teens = position % 100 >= 11 && position % 100 <= 13
  return `${position}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][position % 10] ?? 'th')}`
}

/** Enough of a digest to recognise it. */
export function shortDigest(digest: string): string {
  return digest.length > 20 ? `${digest.slice(0, 'sha256:'.length + 12)}…` : digest
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`
  return `${(count / 1024 / 1024).toFixed(1)} MiB`
}
