/** Splits what a program prints into log and progress, chunk by chunk, in bounded memory. */

export interface OutputReader {
  read(chunk: Buffer): void
  /** The stream has ended: what stands there without a line end is a line too. */
  end(): void
}

export type OutputSink = {
  /** One or more whole lines, each with its line end. */
  log(lines: Buffer): void
  /** Absent for a stream on which progress is not looked for. */
  progress?: (share: number) => void
}

const lineEnd = 0x0a
const openingBrace = 0x7b
/** A longer line is broken: a program that never ends a line must not fill the memory. */
const longestLineBytes = 65_536
const longestProgressBytes = 4_096

export function createOutputReader(sink: OutputSink): OutputReader {
  let rest: Buffer = Buffer.alloc(0)

  function pass(lines: Buffer): void {
    const { progress } = sink
    if (progress === undefined) {
      sink.log(lines)
      return
    }
    // Log lines that stand together go on together: a chatty program must not cost a call for each line.
    let logFrom = 0
    for (let start = 0; start < lines.length; ) {
      const next = lines.indexOf(lineEnd, start) + 1
      const share = lines[start] === openingBrace ? progressIn(lines.subarray(start, next)) : undefined
      if (share !== undefined) {
        if (logFrom < start) sink.log(lines.subarray(logFrom, start))
        progress(share)
        logFrom = next
      }
      start = next
    }
    if (logFrom < lines.length) sink.log(lines.subarray(logFrom))
  }

  function endLine(): void {
    const line = Buffer.concat([rest, Buffer.of(lineEnd)])
    rest = Buffer.alloc(0)
    pass(line)
  }

  return {
    read(chunk) {
      // Only the line that began earlier is put together: to copy every chunk would double the garbage.
      const first = rest.length === 0 ? 0 : chunk.indexOf(lineEnd) + 1
      if (first > 0) {
        pass(Buffer.concat([rest, chunk.subarray(0, first)]))
        rest = Buffer.alloc(0)
      }
      const whole = chunk.lastIndexOf(lineEnd) + 1
      if (whole > first) pass(chunk.subarray(first, whole))
      // A copy, so that a few bytes don't keep the whole chunk alive.
      rest = Buffer.concat([rest, chunk.subarray(whole)])
      if (rest.length >= longestLineBytes) endLine()
    },
    end() {
      if (rest.length > 0) endLine()
    },
  }
}

/** `{"progress": 0.5}` → 0.5; anything else is no progress, and hence log. */
export function progressIn(line: Buffer): number | undefined {
  if (line.length > longestProgressBytes) return undefined
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    if (typeof value !== 'object' || value === null || !('progress' in value)) return undefined
    const { progress } = value
    return typeof progress === 'number' && progress >= 0 && progress <= 1 ? progress : undefined
  } catch {
    return undefined
  }
}
