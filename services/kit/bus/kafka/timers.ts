/**
 * What kafkajs 2.2.4 does while nothing happens, made to cost next to nothing:
 *
 * - After every answer it arms a timer, whether or not anything waits, with a delay that is mostly negative: newer versions
 *   of Node warn and take it for 1 ms, so that an idle connection looks at its empty queue a thousand times a second
 *   (https://github.com/tulios/kafkajs/issues/1751). Here it is armed only when there is something to look for.
 * - Ten times a second each connection looks for requests that were not answered in time. Once is enough, for limits of
 *   many seconds.
 */
import { createRequire } from 'node:module'
import { broken } from '../../errors.ts'

/** What this stands on; another version may have other insides. */
const knownVersion = '2.2.4'
const pendingCheckMs = 10
const timeoutCheckMs = 1_000

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null
  requestTimeoutIntervalId: NodeJS.Timeout
  readonly throttledUntil: number
  readonly pending: readonly unknown[]
  readonly inflight: ReadonlyMap<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>
  isConnected(): boolean
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
  destroy(): void
}

/** Once per process; again does nothing. */
export function calmTimers(): void {
  const require = createRequire(import.meta.url)
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== knownVersion)
    throw broken(`kafkajs is ${version}, and its timers are known in ${knownVersion} alone`, {
      hint: 'Run `npm ci`. Whoever changes the version looks at services/kit/bus/kafka/timers.ts.',
    })
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests
  prototype.scheduleRequestTimeoutCheck = scheduleRequestTimeoutCheck
}

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId) return
  const throttledMs = this.throttledUntil - Date.now()
  if (throttledMs <= 0 && this.pending.length === 0) return
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledMs > 0 ? throttledMs : pendingCheckMs,
  )
}

function scheduleRequestTimeoutCheck(this: RequestQueue): void {
  this.destroy()
  this.requestTimeoutIntervalId = setInterval(() => {
    for (const request of this.inflight.values())
      if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest()
    if (!this.isConnected()) this.destroy()
  }, timeoutCheckMs)
}
