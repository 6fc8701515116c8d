/** A bar of work in progress, and a line of the terminal that is drawn again and again. */
import type { Terminal } from '../context.ts'
import { clip } from './table.ts'

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** `████▌     45 %`; a share that is not known yet is an empty bar. */
export function bar(share: number | null, width = 20): string {
  const filled = Math.round(Math.min(1, Math.max(0, share ?? 0)) * width * 8)
  const text = '█'.repeat(Math.floor(filled / 8)) + (eighths[filled % 8] ?? '')
  const number = share === null ? '' : `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`
  return `${text.padEnd(width)} ${number.padStart(5)}`
}

export interface LiveLine {
  /** On a terminal the line is replaced; elsewhere each text that differs from the last is a line of its own. */
  draw(text: string, lasting?: string): void
  /** Takes the drawn line away. */
  clear(): void
}

const clearLine = '\r\u001b[2K'

export function liveLine(terminal: Terminal): LiveLine {
  let drawn = ''
  let said = ''
  return {
    draw(text, lasting = text) {
      if (terminal.live) {
        const line = clip(text, terminal.columns - 1)
        if (line !== drawn) terminal.err(clearLine + line)
        drawn = line
        return
      }
      if (lasting !== said) terminal.err(`${lasting}\n`)
      said = lasting
    },
    clear() {
      if (terminal.live && drawn !== '') terminal.err(clearLine)
      drawn = ''
    },
  }
}
