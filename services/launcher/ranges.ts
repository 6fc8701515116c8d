/** HTTP ranges of one piece. Pure. */

export interface Range {
  readonly status: 200 | 206 | 416
  /** `end` is the byte after the last. */
  readonly bytes: { readonly start: number; readonly end: number }
  readonly headers: Readonly<Record<string, string>>
}

/** What is sent of so many bytes for a Range header; one that is not understood is passed over, as RFC 9110 says. */
export function rangeOf(header: string | undefined, bytes: number): Range {
  const whole: Range = {
    status: 200,
    bytes: { start: 0, end: bytes },
    headers: { 'accept-ranges': 'bytes', 'content-length': String(bytes) },
  }
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!asked || (asked[1] === '' && asked[2] === '')) return whole
  const [first, last] = [asked[1] ?? '', asked[2] ?? '']
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  if (start >= end)
    return {
      status: 416,
      bytes: { start: 0, end: 0 },
      headers: { 'content-range': `bytes */${bytes}`, 'content-length': '0' },
    }
  return {
    status: 206,
    bytes: { start, end },
    headers: {
      'accept-ranges': 'bytes',
      'content-range': `bytes ${start}-${end - 1}/${bytes}`,
      'content-length': String(end - start),
    },
  }
}
