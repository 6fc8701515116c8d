/**
 * What a Job and its pods say about an attempt. Pure.
 *
 * The Job never makes a second pod (one completion, no back-off, and a deleted Job makes none), so a pod that is over is
 * the attempt's end; the Job's own word, a second later or more, is only needed where there is no pod to be seen. One thing
 * would have it make another: Kueue takes a pod away (by `suspend`) and gives the Job a place later. That is the end, too:
 * what comes later is the next attempt's.
 */

import type { Observation, Standing } from '../executor.ts'
import type { CoreV1Event, SeenJob, SeenPod } from './client/cluster.ts'
import { programOf, timeMs } from './fields.ts'
import { hindranceOf } from './hindrance.ts'
import { labels } from './names.ts'
import { disruptionOf, endWords, exitOf } from './pod-end.ts'

/** How long a pod may take to end after its program. */
const outliveMs = 10_000

export interface Seen {
  readonly job: SeenJob | undefined
  readonly pods: readonly SeenPod[]
  /** Of the Job where it has no pod, else of the pod, the newest last; undefined where nobody asked, or lets us read them. */
  readonly events?: readonly CoreV1Event[] | undefined
  /** Why no node could ever take its pod. */
  readonly nowhere?: string | undefined
  /** That the node of a pod that is told to stop does not answer. */
  readonly isNodeLost?: boolean
}

export function observationOf(seen: Seen, nowMs: number): Observation {
  const { job, pods } = seen
  const alive = pods.find((pod) => !isOver(pod) && !isOutlived(pod, nowMs))
  const isForsaken = alive !== undefined && isDeleted(job) && alive.metadata?.deletionTimestamp === undefined
  const handle = job?.metadata?.uid ?? alive?.metadata?.uid ?? ''
  if (alive) return ofPod(alive, { handle, ...(isForsaken ? { isForsaken } : {}) }, seen, nowMs)
  if (pods.length > 0 || isDeleted(job) || finishOf(job) || isSuspendedAgain(job)) {
    return job || pods.length > 0 ? endOf(job, pods) : { state: 'absent' }
  }
  return { state: 'starting', handle, words: waitForPod(job, seen.events ?? []) }
}

/** Whether it can still have an effect. */
export function isOver({ status }: SeenPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/**
 * Containers that others have put into a pod need not end with its program. None of them is the attempt's, and until the
 * pod goes it holds what was asked for, GPUs too.
 */
function isOutlived(pod: SeenPod, nowMs: number): boolean {
  return nowMs - timeMs(programOf(pod)?.terminated?.finishedAt) > outliveMs
}

function isDeleted(job: SeenJob | undefined): boolean {
  return job === undefined || job.metadata?.deletionTimestamp !== undefined
}

/** It was let go before, or changed: each change of what a Job is to do counts. */
function isSuspendedAgain(job: SeenJob | undefined): boolean {
  return job?.spec?.suspend === true && (job.metadata?.generation ?? 1) > 1
}

function finishOf(job: SeenJob | undefined) {
  return job?.status?.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  )
}

/** Whether its controller is to make one. */
export function awaitsPod(job: SeenJob): boolean {
  return job.spec?.suspend !== true && !isDeleted(job) && finishOf(job) === undefined
}

function waitForPod(job: SeenJob | undefined, events: readonly CoreV1Event[]): string {
  const queue = job?.metadata?.labels?.[labels.queue]
  if (job?.spec?.suspend) {
    return queue === undefined
      ? 'somebody has suspended its Job'
      : `waits for Kueue to admit it from the queue ${queue}`
  }
  const refused = events.findLast(({ reason }) => reason === 'FailedCreate')
  if (!refused) return 'waits for its pod to be made'
  const message = refused.message ?? 'no reason was given'
  return `its pod is refused${/exceeded quota/.test(message) ? ', since the quota is used up' : ''}: ${message}`
}

function ofPod(pod: SeenPod, standing: Standing, { events, nowhere, isNodeLost }: Seen, nowMs: number): Observation {
  const node = pod.spec?.nodeName
  const program = programOf(pod)
  if (pod.metadata?.deletionTimestamp !== undefined) {
    if (!isNodeLost) return { state: 'running', ...standing, words: 'is told to stop' }
    const words = `is told to stop; its node ${node} does not answer, so nobody can tell when it has`
    return { state: 'running', ...standing, words, isNodeLost }
  }
  if (node === undefined) return { state: 'starting', ...standing, words: waitForNode(pod, nowhere) }
  if (program?.running) {
    const begunMs = timeMs(program.running.startedAt)
    return { state: 'running', ...standing, words: `runs on node ${node}`, begunMs }
  }
  if (program?.terminated)
    return { state: 'running', ...standing, words: 'its program has ended, and its pod has not yet' }

  const hindrance = hindranceOf(pod, events, nowMs) ?? { words: `is set up on node ${node}` }
  return { state: 'starting', ...standing, ...hindrance }
}

/**
 * Whether it is told to stop and its node may be lost. A taint takes pods from a node that is, and from one that somebody
 * empties; and whoever else has told it to, a node that lives would have ended it in its time.
 */
export function mayBeOnLostNode(pod: SeenPod, nowMs: number): boolean {
  const endsBy = pod.metadata?.deletionTimestamp
  if (endsBy === undefined || isOver(pod)) return false
  return disruptionOf(pod)?.reason === 'DeletionByTaintManager' || nowMs > timeMs(endsBy)
}

export function isUnschedulable(pod: SeenPod): boolean {
  return pod.spec?.nodeName === undefined && unscheduled(pod)?.reason === 'Unschedulable'
}

function unscheduled({ status }: SeenPod) {
  return status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
}

/** `0/5 nodes are available: 3 node(s) had untolerated taint, 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: …`. */
function waitForNode(pod: SeenPod, nowhere: string | undefined): string {
  const { reason, message = '' } = unscheduled(pod) ?? {}
  if (reason === 'SchedulingGated') return 'is held back by a scheduling gate'
  if (nowhere !== undefined) return `waits for a node, and none that is there can ever take it: ${nowhere}`
  const because = /^\d+\/\d+ nodes are available: (.*?)(?:\.(?: .*)?)?$/s.exec(message)?.[1]
  if (because === undefined) return message === '' ? 'waits for a node' : `waits for a node: ${message}`
  // Those that have too few left are all that could take it otherwise.
  const full = /(\d+) Insufficient \S*gpu/i.exec(because)?.[1]
  return full === undefined ? `waits for a node: ${because}` : `waits for a GPU: 0 of ${full} nodes free`
}

function endOf(job: SeenJob | undefined, pods: readonly SeenPod[]): Observation {
  const [pod] = pods.toSorted((one, other) => startOf(other) - startOf(one))
  if (pod)
    return { state: 'ended', ...exitOf(pod), reason: endWords(pod), isDisrupted: disruptionOf(pod) !== undefined }
  const ended = { state: 'ended', exitCode: null, signal: null } as const
  const finish = finishOf(job)
  if (finish) {
    const why = [finish.reason, finish.message].filter((part) => part).join(': ')
    return {
      ...ended,
      reason: `its Job has ended, and its pod is gone (${why})`,
      isDisrupted: finish.reason === 'PodFailurePolicy',
    }
  }
  if (!isDeleted(job)) return { ...ended, reason: 'its Job was suspended, which took its pod away', isDisrupted: true }
  return { ...ended, reason: 'its Job was deleted, and it has no pod any more', isDisrupted: true }
}

const startOf = (pod: SeenPod): number => timeMs(pod.metadata?.creationTimestamp)
