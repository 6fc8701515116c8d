/** Plays the demo against a server, and ends with what it has shown. */
import type { Api } from '../client/api.ts'
import { CommandFailure } from '../failure.ts'
import { confusionMatrix, mistakes, mistakeTable } from '../render/confusion.ts'
import type { Style } from '../render/style.ts'
import { sumsText } from '../render/sums.ts'
import { type Narrator, narrator } from './narrator.ts'
import { steps } from './steps.ts'
import { bot, loadStory } from './story.ts'
import { watch } from './watch.ts'

export interface PlayOptions {
  readonly api: Api
  readonly actor: string
  readonly style: Style
  readonly columns: number
  readonly signal: AbortSignal
  readonly write: (text: string) => void
}

export interface Played {
  readonly steps: readonly { readonly title: string; readonly run: string; readonly seconds: number }[]
}

const stepLimitMs = 120_000
const shownMistakes = 6
const monotonicMs = () => performance.now()

export async function play(options: PlayOptions): Promise<Played> {
  const { api, actor, style, write, signal } = options
  const teller = narrator(write, style, monotonicMs)
  const over = new AbortController()
  const stream = api.console.stream(bot, AbortSignal.any([signal, over.signal]))
  const history = watch(stream, (event) => teller.event(event), stepLimitMs)
  const stage = { api, actor, narrator: teller, watch: history, story: await loadStory() }
  const played = []
  try {
    for (const [index, { title, play: playStep }] of steps.entries()) {
      const startedMs = monotonicMs()
      teller.step(index + 1, title)
      const run = await playStep(stage)
      played.push({ title, run, seconds: Math.round(monotonicMs() - startedMs) / 1000 })
    }
  } finally {
    over.abort()
  }
  await summary(options, teller)
  return { steps: played }
}

/** What the champion makes of its exam, and the ledger's sums. */
async function summary({ api, style, columns }: PlayOptions, teller: Narrator): Promise<void> {
  const [champion] = (await api.console.bot(bot)).champions
  if (champion === undefined) throw new CommandFailure(`${bot} has no champion`)
  const { candidate } = await api.console.evaluation(champion.evaluation)
  teller.say(`\n${confusionMatrix(candidate.confusion, style, columns)}`)
  teller.say(style.bold('Worst confusions of the champion'))
  teller.say(mistakeTable(mistakes(candidate.confusion).slice(0, shownMistakes)))
  const sums = await api.intake.sums()
  teller.say(`${style.bold('The ledger of signals')}\n${sumsText(sums, style)}`)
  if (!sums.balanced) throw new CommandFailure("the ledger's sum is wrong")
}
