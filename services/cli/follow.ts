/** Follows a signal to what came of it: to its end, then to the verdict on its run, with a bar while it trains. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Api } from './client/api.ts'
import { Refusal, Unreachable } from './client/client.ts'
import type { Run } from './client/console.ts'
import type { Signal } from './client/intake.ts'
import { CommandFailure } from './failure.ts'
import { bar, type LiveLine, liveLine } from './render/progress.ts'
import { printable } from './render/table.ts'
import type { Session } from './session.ts'
import { collectFacts, endOf } from './why/collect.ts'
import type { LastEnd } from './why/facts.ts'
import { endSentence, why } from './why/why.ts'

const lookEveryMs = 250
/** A server that was there is waited for: what it was told goes on when it is started again. */
const longestAbsenceMs = 10 * 60_000

export type Ending =
  /** `ended`: the signal whose end it is; another one where this one shares its fate. */
  | { readonly kind: 'signal'; readonly signal: Signal; readonly ended: Signal }
  | { readonly kind: 'run'; readonly signal: Signal; readonly run: Run; readonly end: LastEnd }

/** Waits for the end and shows it; ends in a failure unless the model is in force, held, or nothing had to be done. */
export async function followToEnd(session: Session, signal: string): Promise<void> {
  const line = liveLine(session.context.terminal)
  let ending: Ending
  try {
    ending = await follow(session, signal, line)
  } finally {
    line.clear()
  }
  const { signal: sent, end, reason } = ending.signal
  if (end === 'coalesced')
    session.note(`Signal ${sent} was coalesced into ${ending.signal.run}: ${printable(reason ?? '')}.`)
  const sentence = sentenceOf(ending, session.context.now())
  session.show(ending, () => sentence)
  if (!isGood(ending)) throw new CommandFailure(session.json ? sentence : 'it did not end in a model', nextOf(ending))
}

async function follow(session: Session, id: string, line: LiveLine): Promise<Ending> {
  const signal = await followSignal(session, id, line)
  let ended = signal
  for (let run = runOf(signal); run !== null; ) {
    const came = await followRun(session, ended, run, line)
    if (came.kind === 'run') {
      // A run that was replaced has handed its signals on.
      if (came.run.state !== 'superseded' || !came.run.end?.by) return { ...came, signal }
      run = came.run.end.by
    } else {
      ended = came.signal ?? ended
      run = came.signal === undefined ? null : runOf(came.signal)
    }
  }
  return { kind: 'signal', signal, ended }
}

const runOf = ({ end, run }: Signal): string | null => (end === 'launched' || end === 'coalesced' ? run : null)

/** Looks until there is an answer, also where the server goes away meanwhile. */
async function lookUntil<T>({ context }: Session, line: LiveLine, look: () => Promise<T | undefined>): Promise<T> {
  let absentSince: Date | undefined
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined) return found
      absentSince = undefined
    } catch (error) {
      const now = context.now()
      absentSince ??= now
      if (!isAbsence(error) || now.getTime() - absentSince.getTime() > longestAbsenceMs) throw error
      line.draw('The server does not answer: waiting for it')
    }
    await pause(lookEveryMs, undefined, { signal: context.signal })
  }
}

const isAbsence = (error: unknown) =>
  error instanceof Unreachable || (error instanceof Refusal && error.code === 'unavailable')

function followSignal(session: Session, id: string, line: LiveLine): Promise<Signal> {
  const { api, context } = session
  return lookUntil(session, line, async () => {
    const signal = await api.intake.signal(id)
    if (signal.end !== null || signal.bot === null) return signal
    const facts = await collectFacts(api, signal.bot, context.now)
    const key = facts.find(({ jobType }) => jobType === signal.jobType)
    line.draw(key === undefined ? 'Waiting' : printable(why(key).sentence), 'Waiting for the run to start')
    return undefined
  })
}

type RunEnding =
  | { readonly kind: 'run'; readonly run: Run; readonly end: LastEnd }
  /** The request came to no run; with a signal that tells why, where there is one. */
  | { readonly kind: 'none'; readonly signal: Signal | undefined }

function followRun(session: Session, { bot, end: signalEnd }: Signal, id: string, line: LiveLine): Promise<RunEnding> {
  const { api } = session
  return lookUntil<RunEnding>(session, line, async () => {
    const run = await findIfThere(() => api.console.run(id))
    const end = run === null ? null : endOf(run)
    if (run !== null && end !== null && end.kind !== 'evaluating' && (await isTold(api, run, end)))
      return { kind: 'run', run, end }
    // What was coalesced into a request that was still open may have been promised a run that never comes.
    if (run === null && bot !== null && signalEnd === 'coalesced') {
      // Asked in this order: a request that was open at the first look has its signals at the second.
      const isOpen = (await api.intake.requestsOf(bot)).some((request) => request.run === id)
      const signals = (await api.intake.signalsOf(bot)).filter(({ request }) => request === id)
      const isUnderWay = signals.some((each) => each.end === null || each.end === 'launched')
      if (!isOpen && !isUnderWay) return { kind: 'none', signal: signals[0] }
    }
    if (end?.kind === 'evaluating') {
      line.draw(`${id}  ${bar(1)}  evaluating`, `${id} is being evaluated`)
    } else {
      const entry = (await api.launcher.queue(run?.bot)).find((each) => each.run === id)
      if (entry?.state === 'running') line.draw(`${id}  ${bar(entry.progress)}  training`, `${id} is training`)
      else if (entry?.state === 'queued') line.draw(`${id} is queued`)
      else if (run === null) line.draw(`${id} is on its way`)
    }
    return undefined
  })
}

/** That a model is in force is told on another topic than its verdict: whoever waits for it finds it in force then. */
async function isTold(api: Api, run: Run, end: LastEnd): Promise<boolean> {
  if (end.kind !== 'promoted' || run.inForce) return true
  const { champions } = await api.console.bot(run.bot)
  const champion = champions.find(({ jobType }) => jobType === run.jobType)
  // Another one may be in its place already.
  return (champion?.sequence ?? 0) >= Math.max(...run.promotions)
}

/** The history hears of a run a moment after the ledger does. */
async function findIfThere<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Refusal && error.code === 'notFound') return null
    throw error
  }
}

function sentenceOf(ending: Ending, now: Date): string {
  if (ending.kind === 'run') return `${printable(endSentence(ending.end, now))}.`
  const { signal, end, reason } = ending.ended
  return `Signal ${signal} ended as ${end}: ${printable(reason ?? '')}`
}

function isGood(ending: Ending): boolean {
  return ending.kind === 'run'
    ? ending.end.kind === 'promoted' || ending.end.kind === 'held'
    : ending.ended.end === 'unchanged'
}

function nextOf(ending: Ending): { next: string } {
  return ending.kind === 'run'
    ? { next: `See "trainyard run ${ending.run.run}" and "trainyard logs ${ending.run.run}".` }
    : { next: 'Correct what its reason says, and publish again.' }
}
