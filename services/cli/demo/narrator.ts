/** Tells the demo as it happens, on the terminal. */

import { duration } from '../../kit/figures.ts'
import type { Told } from '../client/console.ts'
import type { Style } from '../render/style.ts'
import { printable } from '../render/table.ts'
import { apart } from '../render/told.ts'

export interface Narrator {
  say(text: string): void
  step(number: number, title: string): void
  /** What is done, before it has an effect. */
  act(text: string): void
  /** An event of the history, if it is one that carries the story on. */
  event(told: Told): void
  /** How the step ended, with the time that it took. */
  done(text: string): void
}

// Of one moment several events tell; the others repeat what these say.
const toldTypes = new Set([
  'training.requested',
  'run.started',
  'run.succeeded',
  'run.failed',
  'model.evaluated',
  'model.promoted',
  'model.held',
  'model.rejected',
])

const shownReasons = 4

export function narrator(write: (text: string) => void, style: Style, monotonicMs: () => number): Narrator {
  let startedMs = monotonicMs()
  const sinceStart = () => duration(monotonicMs() - startedMs)

  function isTold({ type, data }: Told): boolean {
    if (type === 'signal.ended') return data['end'] !== 'launched'
    if (type === 'model.ready') return data['decidedBy'] === 'person'
    return toldTypes.has(type)
  }

  /** Of what speaks for a model one reason is enough; what speaks against it is the news. */
  function sentencesOf(told: Told): string[] {
    const { head, reasons } = apart(told)
    const shown = reasons.slice(0, told.type === 'model.promoted' ? 1 : shownReasons)
    return [head, ...shown.map((reason) => `  ${reason}`)]
  }

  return {
    say: (text) => write(`${text}\n`),
    step(number, title) {
      startedMs = monotonicMs()
      write(`\n${style.bold(`${number}. ${title}`)}\n`)
    },
    act: (text) => write(`   ${text}\n`),
    event(told) {
      if (!isTold(told)) return
      for (const [index, sentence] of sentencesOf(told).entries()) {
        const time = index === 0 ? sinceStart() : ''
        write(`   ${style.faint(`${time.padStart(8)}  ${printable(sentence)}`)}\n`)
      }
    },
    done: (text) => write(`   ${style.good('✓')} ${text} ${style.faint(`(${sinceStart()})`)}\n`),
  }
}
