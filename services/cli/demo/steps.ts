/** The steps of the demo. Each publishes or decides something, waits for what must follow, and holds it against its promise. */
import { randomUUID } from 'node:crypto'
import { counted, percent, points } from '../../kit/figures.ts'
import type { Api } from '../client/api.ts'
import type { Run, Told } from '../client/console.ts'
import { eventFrom } from '../event.ts'
import { CommandFailure } from '../failure.ts'
import { type Row, toJsonLines } from './edits.ts'
import type { Narrator } from './narrator.ts'
import { bot, countIntents, jobType, mixedUp, type Story } from './story.ts'
import type { Watch } from './watch.ts'

export interface Stage {
  readonly api: Api
  readonly story: Story
  readonly watch: Watch
  readonly narrator: Narrator
  readonly actor: string
}

export interface Step {
  readonly title: string
  /** @returns the run that it was about; throws if it ends otherwise than promised */
  play(stage: Stage): Promise<string>
}

export const steps: readonly Step[] = [
  {
    title: 'The bot is trained for the first time',
    async play(stage) {
      const { first } = stage.story
      stage.narrator.act(`Its editor saves it: ${counted(first.length, 'example')} of ${countIntents(first)} intents.`)
      await publish(stage, [first], 1)
      const run = await verdictOf(stage, 'model.promoted')
      stage.narrator.done(`Promoted as the first champion, ${accuracyOf(run)}`)
      return run.run
    },
  },
  {
    title: 'A burst of edits becomes one training',
    async play(stage) {
      const { burst } = stage.story
      stage.narrator.act(`Somebody adds examples and saves ${burst.length} times in a row: ${burst.length} events.`)
      await publish(stage, burst, 2)
      const run = await verdictOf(stage, 'model.promoted')
      const signals = run.request?.signals.count
      if (signals !== burst.length) {
        throw new CommandFailure(`the burst of ${burst.length} edits made a run for ${signals} signals`)
      }
      stage.narrator.done(`${burst.length} edits, one run; promoted, ${accuracyOf(run)}`)
      return run.run
    },
  },
  {
    title: 'An edit that mixes up two intents is rejected',
    async play(stage) {
      const { mislabelled } = stage.story
      const moved = `moves most examples of ${mixedUp.join(' to ')} and the other way round`
      stage.narrator.act(`A careless drag and drop ${moved}.`)
      await publish(stage, [mislabelled], revisionAfterBurst(stage))
      const run = await verdictOf(stage, 'model.rejected')
      const reasons = run.verdict?.reasons ?? []
      const unnamed = mixedUp.filter((intent) => !reasons.some((reason) => reason.includes(intent)))
      if (unnamed.length > 0) throw new CommandFailure(`the rejection does not name ${unnamed.join(' and ')}`)
      stage.narrator.done('Rejected with both intents named; the champion stays')
      return run.run
    },
  },
  {
    title: 'The same dataset again changes nothing',
    async play(stage) {
      stage.narrator.act('The editor saves once more, without a change.')
      const [signal] = await publish(stage, [stage.story.mislabelled], revisionAfterBurst(stage) + 1)
      const ended = await stage.watch.until(
        'the end of the signal',
        ({ type, data }) => type === 'signal.ended' && data['signal'] === signal,
      )
      if (ended.data['end'] !== 'unchanged') throw otherwise('unchanged', ended)
      stage.narrator.done('Unchanged: the same work is not done twice')
      return ended.run ?? ''
    },
  },
  {
    title: 'An edit with a new intent is promoted',
    async play(stage) {
      const { extended, newIntent } = stage.story
      stage.narrator.act(`The mix-up is undone and ${newIntent} added: ${countIntents(extended)} intents.`)
      await publish(stage, [extended], revisionAfterBurst(stage) + 2)
      const run = await verdictOf(stage, 'model.promoted')
      const difference = run.evaluation?.difference
      const range = difference
        ? ` (${points(difference.estimate)} points, ${points(difference.low)} to ${points(difference.high)})`
        : ''
      stage.narrator.done(`Promoted: no worse on what both models know${range}, ${accuracyOf(run)}`)
      return run.run
    },
  },
  {
    title: 'A person rolls back, and the machines hold',
    async play({ api, actor, watch, narrator }) {
      const before = await keyOf(api)
      narrator.act(`${actor} puts the model before this one in force again.`)
      const reason = 'the new intent is to be announced first'
      const { championSequence } = before
      await api.promoter.rollback(bot, { jobType, actor, reason, championSequence, pin: true })
      const ready = await watch.until(
        'the change of champion',
        ({ type, data }) => type === 'model.ready' && data['sequence'] === championSequence + 1,
      )
      const after = await keyOf(api)
      if (after.pin === null || after.champion?.run === before.champion?.run) throw otherwise('pinned', ready)
      narrator.done(
        `Champion number ${after.championSequence} is ${after.champion?.run} again, pinned by ${after.pin.actor}`,
      )
      return ready.run ?? ''
    },
  },
]

/** Posts every dataset first, so that the events follow each other as fast as saves do. @returns the signals */
async function publish(
  { api }: Stage,
  datasets: readonly (readonly Row[])[],
  firstRevision: number,
): Promise<string[]> {
  const posted = []
  for (const rows of datasets) posted.push(await api.intake.addDataset(toJsonLines(rows)))
  const signals: string[] = []
  for (const [index, dataset] of posted.entries()) {
    const flags = { bot, dataset, revision: firstRevision + index, source: '/demo/editor' }
    const event = eventFrom({}, flags, { id: randomUUID(), time: new Date().toISOString() })
    const { results } = await api.intake.publish(event)
    signals.push(...results.flatMap((result) => result.signals.map(({ signal }) => signal)))
  }
  return signals
}

const revisionAfterBurst = ({ story }: Stage) => story.burst.length + 2

const verdictTypes = new Set(['model.promoted', 'model.held', 'model.rejected', 'run.failed', 'run.cancelled'])
const badEnds = new Set<unknown>(['rejected', 'deadLettered', 'unchanged'])

async function verdictOf({ api, watch }: Stage, promised: Told['type']): Promise<Run> {
  const told = await watch.until(
    'a verdict',
    ({ type, data }) => verdictTypes.has(type) || (type === 'signal.ended' && badEnds.has(data['end'])),
  )
  if (told.type !== promised || told.run === null) throw otherwise(promised, told)
  return await api.console.run(told.run)
}

function otherwise(promised: string, told: Told): CommandFailure {
  return new CommandFailure(`this step was to end with ${promised}, and ended with ${told.type}: ${told.what}`)
}

function accuracyOf({ evaluation }: Run): string {
  return evaluation === null
    ? 'not measured'
    : `accuracy ${percent(evaluation.accuracy)} on ${counted(evaluation.examRows, 'exam row')}`
}

async function keyOf(api: Api) {
  const key = (await api.promoter.keys(bot)).find((each) => each.jobType === jobType)
  if (key === undefined) throw new CommandFailure(`the promoter knows nothing of ${bot}`)
  return key
}
