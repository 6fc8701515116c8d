/**
 * One attempt, from its claim to its end:
 *
 *     train:    inputs ─▶ train ─▶ model stored ─▶ exam texts ─▶ predict ─▶ answers stored ─▶ committed
 *     predict:  inputs ─────────────────────────────────────────▶ predict ─▶ answers stored ─▶ committed
 *
 * Each step can end it otherwise, and that end is told with its reason. Invariants: the exam's texts come only after the
 * model is stored, and nothing that is put into a checkpoint from then on reaches a training (D9); the whole log is stored
 * before the commit or the end is told (I7); nothing is told once the attempt is another's (D13).
 */

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredFile } from '../../schemas/files.ts'
import type { ClaimResponse } from '../../schemas/run-api.ts'
import type { RunApi } from './api.ts'
import { areSame, collect, collectFile, type Marks, marksOf } from './collect.ts'
import { type Ending, endingOfError, endingOfProgram, type ToldEnding } from './ending.ts'
import { BadOutput, Interrupted, NotOurs } from './errors.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type Output, openOutput } from './output.ts'
import { runProgram } from './program.ts'
import type { Stopping } from './stopping.ts'
import { asOutput, fetchFiles, storeFiles } from './transfer.ts'
import {
  checkpointName,
  makeWorkplace,
  programEnvironment,
  type Step,
  setTrainingAside,
  trainedName,
  type Workplace,
} from './workplace.ts'

export type AttemptToCarryOut = {
  claim: ClaimResponse
  command: readonly string[]
  workDirectory: string
  cacheDirectory: string | undefined
  /** The runner's own; the program gets only a part of it. */
  environment: NodeJS.ProcessEnv
  /** That environment is the image's, and so the program's. */
  inContainer: boolean
  api: RunApi
  stopping: Stopping
}

/** How long there is after a stop beside the grace time, of which a program may leave much: executors give ten seconds. */
const settleMs = 8_000
/** Of that, to tell the end: what is not stored by then is given up. */
const endMs = 3_000
const longestReason = 2_000

/** Rejects when the end could not be told. */
export async function carryOut(attempt: AttemptToCarryOut): Promise<Ending> {
  const { claim, api, stopping } = attempt
  let output: Output | undefined
  let trained: Marks | undefined
  const stopHeartbeat = startHeartbeat({
    api,
    everyMs: claim.heartbeatMs,
    progress: () => output?.progress() ?? null,
    stopping,
  })

  async function work(): Promise<Ending> {
    const workplace = makeWorkplace(attempt.workDirectory, attempt.cacheDirectory)
    output = openOutput({ path: workplace.log, limitBytes: claim.logLimitBytes, api, stopping })
    return toCommit({
      ...attempt,
      workplace,
      output,
      stopHeartbeat,
      noteTrained(saved) {
        trained = saved
      },
    })
  }

  try {
    const ending = await work().catch((error: unknown) => endingOfError(error, stopping.reason))
    stopHeartbeat()
    if (ending.outcome === 'done' || ending.outcome === 'lost') return ending
    return await tell(attempt, output, trained, ending)
  } finally {
    output?.close()
  }
}

type Context = AttemptToCarryOut & {
  workplace: Workplace
  output: Output
  stopHeartbeat: () => void
  /** Called with what the training has saved, before the exam's texts come. */
  noteTrained(saved: Marks): void
}

/** The way to the commit, or to the end that came first. */
async function toCommit(context: Context): Promise<Ending> {
  const { claim, api, workplace, output } = context
  const signal = context.stopping.working
  const { train, predict } = workplace.steps

  await fetchFiles(api, claim.inputs, workplace.steps[claim.kind].input, signal)
  await fetchFiles(api, claim.checkpoint ?? [], workplace.checkpoint, signal)

  let trainSeconds: number | null = null
  if (claim.kind === 'train') {
    const trained = await runStep(context, 'train')
    if (trained.ending !== undefined) return trained.ending
    trainSeconds = trained.seconds
    const files = await collect(train.output, 'model')
    if (files.length === 0) throw new BadOutput('train ended with exit code 0 and left no file in model/')
    await storeFiles(api, files, join(train.output, 'model'), signal)
    const { texts } = await asOutput('the model', api.model(files, signal))
    renameSync(join(train.output, 'model'), join(predict.input, 'model'))
    setTrainingAside(context.workDirectory)
    context.noteTrained(await marksOf(context.workDirectory, trainedName))
    await fetchFiles(api, [{ path: 'texts.jsonl', ...texts }], predict.input, signal)
  }

  const predicted = await runStep(context, 'predict')
  if (predicted.ending !== undefined) return predicted.ending
  const predictions = await collectFile('predictions.jsonl', predict.output)
  await Promise.all([storeFiles(api, [predictions], predict.output, signal), output.finish(signal)])
  context.stopHeartbeat()
  const seconds = { train: trainSeconds, predict: predicted.seconds }
  await asOutput('predictions.jsonl', api.commit({ predictions: predictions.digest, seconds }, signal))
  return { outcome: 'done' }
}

async function runStep(context: Context, step: Step): Promise<{ seconds: number; ending: Ending | undefined }> {
  const { claim, command, workplace, output, stopping } = context
  writeFileSync(join(workplace.steps[step].input, 'spec.json'), JSON.stringify(claim.spec))
  const stdout = output.stdout()
  const stderr = output.stderr()
  const startedMs = performance.now()
  const end = await runProgram({
    command,
    step,
    directory: workplace.scratch,
    environment: programEnvironment(context, workplace, step, process.execPath),
    graceMs: claim.graceMs,
    stopping,
    onStdout: stdout.read,
    onStderr: stderr.read,
  })
  stdout.end()
  stderr.end()
  const seconds = (performance.now() - startedMs) / 1000
  return { seconds, ending: endingOfProgram(step, end, stopping.reason, output.lastLine()) }
}

/** Stores the rest of the log and the saved work, and says how it ended. */
async function tell(
  attempt: AttemptToCarryOut,
  output: Output | undefined,
  trained: Marks | undefined,
  ending: ToldEnding,
): Promise<Ending> {
  const { api, stopping, claim } = attempt
  const limitMs = claim.graceMs + settleMs
  const signal = stopping.closing(limitMs)
  try {
    await output?.finish(signal)
    const { told, checkpoint } = await withCheckpoint(attempt, trained, ending, stopping.closing(limitMs - endMs))
    const trouble = output?.trouble()
    const reason = trouble === undefined ? told.reason : `${told.reason}; the log is not whole: ${trouble}`
    await api.end({ ...told, reason: storable(reason), checkpoint }, signal)
    return told
  } catch (error) {
    if (error instanceof NotOurs) return { outcome: 'lost', reason: error.message }
    throw error
  }
}

/**
 * Work that can't be kept is no work to go on from: the end is a crash then, or the stop that left no time for it.
 * @param trained what the training had saved when it was over; undefined while it is not
 */
async function withCheckpoint(
  { api, workDirectory, stopping }: AttemptToCarryOut,
  trained: Marks | undefined,
  ending: ToldEnding,
  signal: AbortSignal,
): Promise<{ told: ToldEnding; checkpoint: StoredFile[] }> {
  if (ending.outcome !== 'resumable') return { told: ending, checkpoint: [] }
  const name = trained === undefined ? checkpointName : trainedName
  try {
    const isWhole = trained === undefined || areSame(trained, await marksOf(workDirectory, name))
    const checkpoint = isWhole ? await collect(workDirectory, name) : []
    if (checkpoint.length === 0 && trained !== undefined) {
      const reason = `${ending.reason}; what predict saves after a training is not kept, and it begins anew`
      return { told: { ...ending, outcome: 'stopped', reason }, checkpoint }
    }
    if (checkpoint.length === 0) throw new BadOutput('there is no file in the checkpoint folder')
    await storeFiles(api, checkpoint, join(workDirectory, name), signal)
    return { told: ending, checkpoint }
  } catch (error) {
    if (error instanceof Interrupted && stopping.reason?.kind !== 'lost') {
      const outcome = stopping.reason?.kind === 'deadline' ? 'deadline' : 'stopped'
      return { told: { ...ending, outcome, reason: `${ending.reason}; there was no time to store it` }, checkpoint: [] }
    }
    if (!(error instanceof BadOutput)) throw error
    return { told: { ...ending, outcome: 'crashed', reason: `${ending.reason}; ${error.message}` }, checkpoint: [] }
  }
}

/** A program may print anything, and its last line is part of the reason. */
function storable(reason: string): string {
  return reason.slice(0, longestReason).toWellFormed().replaceAll('\0', '\uFFFD')
}
