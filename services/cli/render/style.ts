/** Colours that carry meaning, and nothing at all where colours are not wanted. */
import { styleText } from 'node:util'

type Paint = (text: string) => string

export interface Style {
  readonly colours: boolean
  readonly bold: Paint
  readonly faint: Paint
  readonly good: Paint
  readonly bad: Paint
  readonly doubtful: Paint
  readonly active: Paint
  /** A cell of a grid on a background whose strength is `level` (0 to 1). */
  cell(text: string, kind: 'right' | 'wrong', level: number): string
}

// Steps of green and of red in the palette of 256 colours, dark to bright, so that white text stays readable.
const backgrounds = { right: [22, 28, 34], wrong: [52, 88, 124] } as const

export function makeStyle(colours: boolean): Style {
  const paint =
    (format: Parameters<typeof styleText>[0]): Paint =>
    (text) =>
      colours && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return {
    colours,
    bold: paint('bold'),
    faint: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    doubtful: paint('yellow'),
    active: paint('cyan'),
    cell(text, kind, level) {
      if (!colours || level <= 0) return text
      const steps = backgrounds[kind]
      const step = steps[Math.min(steps.length - 1, Math.floor(level * steps.length))]
      return `\u001b[48;5;${step};97m${text}\u001b[0m`
    },
  }
}

/** The colour of a word that says how something stands. */
export function paintState(style: Style, state: string): string {
  switch (state) {
    case 'promoted':
    case 'promote':
    case 'succeeded':
    case 'done':
    case 'launched':
      return style.good(state)
    case 'failed':
    case 'rejected':
    case 'reject':
    case 'crashed':
    case 'lost':
    case 'badInput':
    case 'badOutput':
    case 'deadline':
    case 'deadLettered':
      return style.bad(state)
    case 'held':
    case 'hold':
    case 'expired':
    case 'resumable':
      return style.doubtful(state)
    case 'running':
    case 'queued':
    case 'evaluated':
      return style.active(state)
    default:
      return state
  }
}
