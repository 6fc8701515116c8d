/**
 * The attempt's log, kept in a file of the work folder until it is shipped: memory stays small however much a program
 * prints and however long the launcher is away.
 *
 * head (all that fits) ─▶ tail (the newest lines, held in memory) ─▶ finished (the tail is written)
 *
 * Invariants: bytes once readable never change, so an offset means the same for ever; the whole never exceeds
 * `limitBytes`; what is left out is said, by a line where it begins and by one at its end that counts it.
 */

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { reasonOf } from './errors.ts'

export interface Log {
  /** Bytes that can be read. */
  size(): number
  /**
   * The newest line that is not empty, shortened: what a person wants to see first when a program failed. Where that
   * belongs to a stack trace, the message that the trace belongs to.
   */
  lastLine(): string
  /** Why the log is not whole, when that is not for its length. */
  trouble(): string | undefined
  /** Takes whole lines. */
  append(lines: Buffer): void
  /** Nothing more comes. Repeating it does nothing. */
  finish(): void
  read(offset: number, maximumBytes: number): Buffer
  close(): void
}

const longestTailBytes = 16_384
/** Room for the two lines that say what is missing. */
const marksBytes = 300
/** Room for a stack trace and the message above it. */
const newestBytes = 4_000
const longestLastLine = 300
const lineEnd = 0x0a

export function createLog(path: string, limitBytes: number): Log {
  const file = openSync(path, 'w+')
  // With less room than for the marks and as much again, there is no sense in a tail.
  const tailBytes = limitBytes < 2 * marksBytes ? 0 : Math.min(longestTailBytes, Math.floor(limitBytes / 4))
  const headBytes = Math.max(0, limitBytes - tailBytes - marksBytes)
  let size = 0
  let state: 'head' | 'tail' | 'finished' = 'head'
  let tail = Buffer.alloc(0)
  let leftOutBytes = 0
  let newest = Buffer.alloc(0)
  let trouble: string | undefined

  /** A disk that takes no more ends the log, not the attempt. */
  function write(content: Buffer): void {
    try {
      for (let done = 0; done < content.length; )
        done += writeSync(file, content, done, content.length - done, size + done)
      size += content.length
    } catch (error) {
      trouble = reasonOf(error)
      state = 'tail'
      leftOutBytes += content.length
    }
  }

  function mark(text: string): void {
    // With a limit below the marks' own size there is nothing sensible to keep, and so nothing to say.
    const line = Buffer.from(`[trainyard] ${text}\n`)
    if (size + line.length <= limitBytes) write(line)
  }

  function keepTail(lines: Buffer): void {
    // Where the news alone fills the tail, the old one is left out as it is: joining them for each of a million lines
    // would be garbage by the gigabyte.
    const all = lines.length > tailBytes ? lines : Buffer.concat([tail, lines])
    const replaced = all === lines ? tail.length : 0
    const cut = all.length <= tailBytes ? 0 : endOfLine(all, all.length - tailBytes)
    if (replaced + cut > 0 && leftOutBytes === 0) {
      mark(`the log is longer than ${limitBytes} bytes: from here on lines are left out, all but the last ones`)
    }
    leftOutBytes += replaced + cut
    // A copy, so that the small tail does not keep the large buffer alive.
    tail = Buffer.from(all.subarray(cut))
  }

  return {
    size: () => size,
    trouble: () => trouble,
    lastLine: () => tellingLine(newest).slice(0, longestLastLine),
    append(lines) {
      newest = Buffer.concat([newest, lines.subarray(-newestBytes)]).subarray(-newestBytes)
      let rest = lines
      if (state === 'head') {
        const room = headBytes - size
        const fitting = lines.length <= room ? lines.length : wholeLinesIn(lines, room)
        write(lines.subarray(0, fitting))
        rest = lines.subarray(fitting)
        if (rest.length > 0) state = 'tail'
      }
      if (rest.length > 0) keepTail(rest)
    },
    finish() {
      if (state === 'finished') return
      if (leftOutBytes > 0) mark(`${leftOutBytes} bytes of log are left out here; what follows are the last lines`)
      write(tail)
      state = 'finished'
    },
    read(offset, maximumBytes) {
      const chunk = Buffer.alloc(Math.min(maximumBytes, size - offset))
      return chunk.subarray(0, readSync(file, chunk, 0, chunk.length, offset))
    },
    close: () => closeSync(file),
  }
}

/** As Node and the JVM end what they print of an error that nobody caught: with where it was, not with what it was. */
const endOfTrace = /^(Node\.js v\d|\s+(at |\.\.\. \d+ more))/
const message = /^(?!Node\.js v\d)[^\s\])}]/

function tellingLine(newest: Buffer): string {
  const lines = stripVTControlCharacters(newest.toString('utf8')).split('\n')
  const last = lines.findLast((line) => line.trim() !== '') ?? ''
  if (!endOfTrace.test(last)) return last.trim()
  const whole = newest.length < newestBytes ? lines : lines.slice(1)
  return (whole.findLast((line) => message.test(line)) ?? last).trim()
}

/** How many bytes the whole lines have that fit into `room`. */
function wholeLinesIn(content: Buffer, room: number): number {
  return room <= 0 ? 0 : content.lastIndexOf(lineEnd, room - 1) + 1
}

/** Where the line that holds the byte before `from` ends; a line that never ends is cut at `from`. */
function endOfLine(content: Buffer, from: number): number {
  const end = content.indexOf(lineEnd, from - 1) + 1
  return end === 0 ? from : end
}
