/** What tests of the whole chain ask the running services, and how they wait for it. */
import assert from 'node:assert/strict'
import { eventually } from '../harness/eventually.ts'
import type { Yard } from '../harness/yard.ts'
import { championOf, type Sums, sumsOf } from './bot.ts'

export interface Signal {
  signal: string
  /** How far the run that it waits for, or waited for, has come. */
  requestState: string | null
  end: string | null
  reason: string | null
  run: string | null
}

export interface Run {
  run: string
  bot: string
  state: string
  end: { outcome: string | null; reason: string | null; attempts: number | null; by: string | null } | null
  verdict: { state: string; decidedBy: string; actor: string | null; reasons: string[] } | null
  request: { dataset: { digest: string }; actor: string | null; reason: string } | null
}

export interface Attempt {
  attempt: string
  kind: 'train' | 'predict'
  state: string
  outcome: string | null
  reason: string | null
  logBytes: number
}

/** Signals of the bot, the newest first. */
export async function signalsOf(yard: Yard, bot: string): Promise<Signal[]> {
  return (await yard.get<{ signals: Signal[] }>(`/signals?bot=${encodeURIComponent(bot)}`)).signals
}

/** Runs of the bot, the newest first. */
export async function runsOf(yard: Yard, bot: string): Promise<Run[]> {
  return (await yard.get<{ runs: Run[] }>(`/runs?bot=${encodeURIComponent(bot)}`)).runs
}

export const attemptsOf = (yard: Yard, run: string): Promise<Attempt[]> => yard.get(`/runs/${run}/attempts`)

export const logOf = async (yard: Yard, run: string): Promise<string> =>
  await (await yard.call(`/runs/${run}/logs`)).text()

/** Resolves with the newest run of each bot once all of them have ended, and been judged where there is a model. */
export async function endedRuns(yard: Yard, bots: readonly string[], timeoutMs = 30_000): Promise<Map<string, Run>> {
  return await eventually(
    async () => {
      const { runs } = await yard.get<{ runs: Run[] }>('/runs?limit=200')
      const newest = new Map(runs.toReversed().map((run) => [run.bot, run]))
      const isOver = (run: Run | undefined) =>
        run !== undefined && run.end !== null && (run.state !== 'succeeded' || run.verdict !== null)
      return bots.every((bot) => isOver(newest.get(bot))) && newest
    },
    { timeoutMs, what: 'the end of all runs' },
  )
}

/** Resolves with the ledger's sums once nothing waits any more; they must add up. */
export async function settledSums(yard: Yard): Promise<Sums> {
  const sums = await eventually(async () => {
    const now = await sumsOf(yard)
    return now.waiting === 0 && now
  })
  assert.ok(sums.balanced, JSON.stringify(sums))
  return sums
}

/** Sees each bot, told of once, through to its champion: one signal and one run each, by a process that never ended. */
export async function eachOnce(
  yard: Yard,
  bots: readonly string[],
  { pid, timeoutMs }: { readonly pid: number; readonly timeoutMs: number },
): Promise<void> {
  for (const bot of bots) {
    const champion = await eventually(() => championOf(yard, bot), { timeoutMs, what: `a champion of ${bot}` })
    assert.equal(champion.sequence, 1)
  }
  const sums = await settledSums(yard)
  assert.deepEqual({ ...sums }, { ...sums, received: bots.length, launched: bots.length })
  const { runs } = await yard.get<{ runs: unknown[] }>('/runs?limit=200')
  assert.equal(runs.length, bots.length)
  assert.equal(yard.pid, pid)
  assert.equal(await Promise.race([yard.ended, Promise.resolve('still there')]), 'still there')
}

/** The status and, where it is a refusal, what it says. */
export async function answerTo(
  yard: Yard,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; said: string }> {
  const response = await yard.call(path, init)
  const body = (await response.json()) as { error?: { message: string } }
  return { status: response.status, said: body.error?.message ?? '' }
}
