import { EventEmitter, once } from 'node:events'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly limitBytes: number | undefined
  /** Lines from before are left out. */
  readonly since: Date | undefined
}

/** What a container wrote, line by line, each with its time. */
export interface ContainerLog {
  write(chunk: Buffer): void
  end(): void
  /** The last bytes, for a message about the end. */
  tail(bytes: number): string
  /** Goes on until the container has ended, where that is asked. */
  read(query: LogQuery, signal: AbortSignal): AsyncIterable<Buffer>
}

export function openContainerLog(file: string): ContainerLog {
  const descriptor = openSync(file, 'w')
  const decoder = new StringDecoder('utf8')
  const news = new EventEmitter().setMaxListeners(0)
  let rest = ''
  let open = true

  function append(lines: readonly string[]): void {
    if (lines.length > 0) writeSync(descriptor, lines.map((line) => `${timestamp()} ${line}\n`).join(''))
    news.emit('more')
  }

  const linesFrom = (position: number) => {
    const bytes = bytesFrom(file, position)
    return { lines: bytes.toString().split('\n').slice(0, -1), position: position + bytes.length }
  }

  return {
    write(chunk) {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      append(lines)
    },
    end() {
      if (!open) return
      open = false
      append(rest === '' ? [] : [rest])
      closeSync(descriptor)
    },
    tail(bytes) {
      const text = linesFrom(0)
        .lines.map((line) => `${contentOf(line)}\n`)
        .slice(-80)
        .join('')
      return Buffer.from(text).subarray(-bytes).toString()
    },
    async *read({ follow, timestamps, tailLines, limitBytes = Number.POSITIVE_INFINITY, since }, signal) {
      let { lines, position } = linesFrom(0)
      if (since) lines = lines.filter((line) => new Date(line.slice(0, line.indexOf(' '))) >= since)
      if (tailLines !== undefined) lines = tailLines === 0 ? [] : lines.slice(-tailLines)
      for (let left = limitBytes; ; ) {
        for (const line of lines) {
          const bytes = Buffer.from(`${timestamps ? line : contentOf(line)}\n`)
          yield bytes.subarray(0, left)
          left -= bytes.length
          if (left <= 0) return
        }
        const more = linesFrom(position)
        if (more.lines.length === 0) {
          if (!follow || !open || signal.aborted) return
          await once(news, 'more', { signal }).catch(() => {})
        }
        ;({ lines, position } = more)
      }
    },
  }
}

function bytesFrom(file: string, position: number): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(fstatSync(descriptor).size - position)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, position))
  } finally {
    closeSync(descriptor)
  }
}

const contentOf = (line: string) => line.slice(line.indexOf(' ') + 1)

let last = 0n

/** To the nanosecond, and never the same twice. */
function timestamp(): string {
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n
  last = now > last ? now : last + 1n
  const seconds = new Date(Number(last / 1_000_000_000n) * 1_000).toISOString().slice(0, 19)
  return `${seconds}.${String(last % 1_000_000_000n).padStart(9, '0')}Z`
}
