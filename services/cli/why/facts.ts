/** What is known of a key, gathered from the services and reduced to what an explanation needs. Plain values only. */

export interface WaitingRequest {
  readonly state: 'waiting' | 'fetching'
  readonly since: Date
  /** When the quiet time ends, or when the dataset is fetched again. */
  readonly dueAt: Date | null
  readonly signals: number
  /** Tries to fetch the dataset so far, and what went wrong with the last of them; or why it could not go on. */
  readonly tries: number
  /** Of the tries; one that is not among them is under way. */
  readonly failures: number
  readonly problem: string | null
  /** The request of the key before it, whose dataset is still being fetched, and whether this one has to wait for that. */
  readonly earlier: (Omit<WaitingRequest, 'earlier'> & { readonly holdsUp: boolean }) | null
}

/** Decided, and on its way to the queue: the launcher has not heard of it. */
export interface RequestedRun {
  readonly run: string
  readonly since: Date
}

export interface QueuedRun {
  readonly run: string
  readonly since: Date
  readonly position: number | null
  readonly waitsFor: 'slot' | 'verdict' | 'running' | null
  /** The run whose end or verdict it waits for. */
  readonly behind: string | null
  /** It waits for a slot, and its job type has none. */
  readonly isPaused: boolean
}

export interface RunningRun {
  readonly run: string
  readonly since: Date
  readonly progress: number | null
  readonly attempt: number
  /** How the attempt before this one ended, where there was one. */
  readonly before: string | null
  /** Why it was told to stop, while it has not yet. */
  readonly stop: string | null
  /** How its attempt ended, while the next one has not begun. */
  readonly between: {
    readonly end: string
    readonly reason: string
    readonly since: Date
    /** From when on the next one may begin. */
    readonly until: Date | null
  } | null
  /** What its attempt waits for, while it does not run yet. */
  readonly waitsFor: { readonly words: string; readonly since: Date | null } | null
  /** For how long nothing was heard of its attempt, which tells every few seconds; null: not for long. */
  readonly silentMs: number | null
  /** Where its attempt runs, or what became of that place; also while it is told to stop. */
  readonly standing: string | null
  /** What is left once its own training is over: the champion still sits the exam, or the end is only on its way. */
  readonly trained: 'champion' | 'end' | null
}

export interface HeldModel {
  readonly run: string
  readonly since: Date
  readonly expiresAt: Date | null
  /** The one that decided. */
  readonly rule: string | null
  readonly reasons: readonly string[]
}

export interface Pin {
  readonly since: Date | null
  readonly actor: string | null
  readonly reason: string | null
}

export interface Champion {
  readonly sequence: number
  readonly run: string
  readonly since: Date
  readonly decidedBy: string
  readonly actor: string | null
  readonly reason: string
}

export type LastEnd =
  /** Of one that is ending it is not known yet how it has ended. */
  | { readonly kind: 'evaluating' | 'ending'; readonly run: string; readonly at: Date }
  | {
      readonly kind: 'promoted'
      readonly run: string
      readonly at: Date
      readonly by: string
      readonly reasons: readonly string[]
    }
  | {
      readonly kind: 'rejected' | 'held' | 'expired' | 'overtaken'
      readonly run: string
      readonly at: Date
      readonly by: string
      readonly reasons: readonly string[]
    }
  | {
      readonly kind: 'failed' | 'cancelled' | 'superseded'
      readonly run: string
      readonly at: Date
      readonly reason: string
    }

export interface LastSignal {
  readonly signal: string
  readonly end: string
  readonly at: Date
  readonly reason: string
}

export interface KeyFacts {
  readonly bot: string
  readonly jobType: string
  readonly now: Date
  readonly request: WaitingRequest | null
  readonly requested: RequestedRun | null
  readonly queued: QueuedRun | null
  readonly running: RunningRun | null
  readonly held: readonly HeldModel[]
  readonly pin: Pin | null
  readonly champion: Champion | null
  readonly last: LastEnd | null
  readonly lastSignal: LastSignal | null
}

export interface Explanation {
  readonly sentence: string
  readonly evidence: readonly string[]
}
