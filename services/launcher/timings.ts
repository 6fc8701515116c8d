/** The waits of the launcher that are no business of a job type. A test may shorten them. */
export interface Timings {
  /** How often a runner says heartbeat: the age of the progress that people see. */
  readonly heartbeatMs: number
  /** How often a healthy attempt is looked at when nothing calls for it: the net below the executor's hints. */
  readonly observeEveryMs: number
  /** How soon a look that failed is repeated. */
  readonly retryLookMs: number
  /** How long a look may take before another launcher takes it over. */
  readonly leaseMs: number
  /** What an attempt's deadline is exceeded by before its silence counts as its end (D13). */
  readonly marginMs: number
  /** How long a runner may take to go away after its last word. */
  readonly leaveMs: number
  /** The longest back-off between two attempts. */
  readonly longestBackoffMs: number
}

/** Of seconds that may have a fraction, whole ones: 16.1 s are not 16100.000000000002 ms. */
export const millisecondsOf = (seconds: number): number => Math.round(seconds * 1_000)

export const defaultTimings: Timings = {
  heartbeatMs: 2_000,
  observeEveryMs: 30_000,
  retryLookMs: 2_000,
  leaseMs: 30_000,
  marginMs: 30_000,
  leaveMs: 10_000,
  longestBackoffMs: 3_600_000,
}
