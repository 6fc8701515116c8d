import type { AttemptName } from '../../schemas/words.ts'
import { conflict } from '../../services/kit/errors.ts'
import type { AttemptToStart, Executor, Observation, Remark } from '../../services/launcher/executor/executor.ts'

export interface ScriptedExecutor extends Executor {
  /** Every attempt that was really started, in order: a second start of a name starts nothing. */
  readonly started: AttemptToStart[]
  readonly stopped: { readonly name: AttemptName; readonly graceMs: number }[]
  readonly released: AttemptName[]
  /** The attempt's process is gone. */
  exits(name: AttemptName, end?: { exitCode?: number | null; signal?: string | null; reason?: string }): void
  /** Nothing of the attempt is there any more. */
  forgets(name: AttemptName): void
  /** From now on the next calls of `start` are refused with this error, or not any more. */
  refuse(error: Error | undefined): void
  /** How attempts that are started from now on stand, in its words. */
  words: string | undefined
  /** What it has to say of attempts. */
  readonly told: Map<AttemptName, Remark[]>
  /** From now on it cannot say how attempts are, or can again. */
  silence(silent: boolean): void
}

/** An executor in the test's hand: it keeps the port's promises, and attempts do what the test says. */
export function scriptedExecutor(): ScriptedExecutor {
  const there = new Map<AttemptName, Observation>()
  const listeners: ((name: AttemptName) => void)[] = []
  const started: AttemptToStart[] = []
  const stopped: { name: AttemptName; graceMs: number }[] = []
  const released: AttemptName[] = []
  const told = new Map<AttemptName, Remark[]>()
  let refusal: Error | undefined
  let silent = false

  const executor: ScriptedExecutor = {
    name: 'process',
    place: 'nowhere',
    longestWaitSeconds: null,
    started,
    stopped,
    released,
    told,
    words: undefined,
    async start(attempt) {
      if (refusal) throw refusal
      if (there.has(attempt.name)) return {}
      started.push(attempt)
      there.set(attempt.name, { state: 'running', handle: `handle-${started.length}` })
      return executor.words === undefined ? {} : { words: executor.words }
    },
    async observe(name) {
      if (silent) throw conflict('the executor is out of reach')
      return there.get(name) ?? { state: 'absent' }
    },
    async stop(name, graceMs) {
      stopped.push({ name, graceMs })
    },
    async release(name) {
      if (there.get(name)?.state === 'running') throw conflict(`${name} still runs`)
      there.delete(name)
      released.push(name)
    },
    onChange: (listener) => void listeners.push(listener),
    objections: async () => [],
    async remarks(name) {
      if (silent) throw conflict('the executor is out of reach')
      return told.get(name) ?? []
    },
    list: async () => [...there.keys()],
    close: async () => {},
    exits(name, { exitCode = 0, signal = null, reason = 'exit code 0' } = {}) {
      there.set(name, { state: 'ended', exitCode, signal, reason })
      for (const listener of listeners) listener(name)
    },
    forgets(name) {
      there.delete(name)
      for (const listener of listeners) listener(name)
    },
    refuse(error) {
      refusal = error
    },
    silence(now) {
      silent = now
    },
  }
  return executor
}
