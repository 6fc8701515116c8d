/**
 * What a Job and its pods say about an attempt. Pure.
 *
 * The Job never makes a second pod (one completion, no back-off, and a deleted Job makes none), so a pod that is over is
 * the attempt's end; the Job's own word, a second later or more, is only needed where there is no pod to be seen. One thing
 * would have it make another: Kueue takes a pod away (by `suspend`) and gives the Job a place later. That is the end, too:
 * what comes later is the next attempt's.
 */

import type { Hopeless, Observation, Standing } from '../executor.ts'
import type { CoreV1Event, SeenJob, SeenPod, V1ContainerState } from './client/cluster.ts'
import { containers, labels } from './names.ts'
import { disruptionOf, endWords, exitOf } from './pod-end.ts'

/** How long what may mend itself (a registry that is away, a Secret not made yet) is waited for. */
const patienceMs = 10 * 60_000

export interface Seen {
  readonly job: SeenJob | undefined
  readonly pods: readonly SeenPod[]
  /** Of the Job, the newest last; needed only where no pod was made. */
  readonly events?: readonly CoreV1Event[]
  /** Why no node could ever take its pod. */
  readonly nowhere?: string | undefined
  /** That the node of a pod that is told to stop does not answer. */
  readonly isNodeLost?: boolean
}

export function observationOf(seen: Seen, nowMs: number): Observation {
  const { job, pods, events = [] } = seen
  const alive = pods.find((pod) => !isOver(pod))
  const isForsaken = alive !== undefined && isDeleted(job) && alive.metadata?.deletionTimestamp === undefined
  const handle = job?.metadata?.uid ?? alive?.metadata?.uid ?? ''
  if (alive) return ofPod(alive, { handle, ...(isForsaken ? { isForsaken } : {}) }, seen, nowMs)
  if (pods.length > 0 || isDeleted(job) || finishOf(job) || isSuspendedAgain(job)) {
    return job || pods.length > 0 ? endOf(job, pods) : { state: 'absent' }
  }
  return { state: 'starting', handle, words: waitForPod(job, events) }
}

/** Whether it can still have an effect. */
export function isOver({ status }: SeenPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
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

function ofPod(pod: SeenPod, standing: Standing, { nowhere, isNodeLost }: Seen, nowMs: number): Observation {
  const node = pod.spec?.nodeName
  const program = stateOf(pod, containers.program)
  if (pod.metadata?.deletionTimestamp !== undefined) {
    const lost = isNodeLost ? `; its node ${node} does not answer, so nobody can tell when it has` : ''
    return { state: 'running', ...standing, words: `is told to stop${lost}` }
  }
  if (node === undefined) return { state: 'starting', ...standing, words: waitForNode(pod, nowhere) }
  if (program?.running || program?.terminated) return { state: 'running', ...standing, words: `runs on node ${node}` }

  const stuck = stuckContainer(pod)
  if (!stuck) return { state: 'starting', ...standing, words: `is set up on node ${node}` }
  const hopeless = hopelessnessOf(stuck, nowMs - placedAt(pod))
  return { state: 'starting', ...standing, words: stuck.words, ...(hopeless ? { hopeless } : {}) }
}

/**
 * Whether it is told to stop and its node may be lost. A taint takes pods from a node that is, and from one that somebody
 * empties; and whoever else has told it to, a node that lives would have ended it in its time.
 */
export function mayBeOnLostNode(pod: SeenPod, nowMs: number): boolean {
  const endsBy = pod.metadata?.deletionTimestamp
  if (endsBy === undefined || isOver(pod)) return false
  return disruptionOf(pod)?.reason === 'DeletionByTaintManager' || nowMs > Date.parse(timeText(endsBy))
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

interface Stuck {
  readonly reason: string
  readonly words: string
}

const imageReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'InvalidImageName',
])
const setupReasons = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])

function stuckContainer(pod: SeenPod): Stuck | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const { state, image } of statuses) {
    const { reason = '', message = 'no reason was given' } = state?.waiting ?? {}
    if (imageReasons.has(reason)) return { reason, words: `its image ${image} can't be pulled: ${message}` }
    if (setupReasons.has(reason)) return { reason, words: `its container can't be made: ${message}` }
  }
  return undefined
}

function hopelessnessOf({ reason, words }: Stuck, ageMs: number): Hopeless | undefined {
  if (reason === 'InvalidImageName') return { outcome: 'badInput', reason: words }
  return ageMs > patienceMs
    ? { outcome: 'lost', reason: `${words} (for ${Math.round(ageMs / 60_000)} minutes)` }
    : undefined
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

/** When it was given its node: it may have waited long for one. */
function placedAt({ metadata, status }: SeenPod): number {
  const placed = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True')
  return Date.parse(timeText(placed?.lastTransitionTime ?? metadata?.creationTimestamp))
}

const startOf = (pod: SeenPod): number => Date.parse(timeText(pod.metadata?.creationTimestamp))

/** What comes over a watch is plain JSON, where times are texts. */
export function timeText(time: Date | string | undefined): string {
  return time instanceof Date ? time.toISOString() : (time ?? '')
}

function stateOf(pod: SeenPod, name: string): V1ContainerState | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === name)?.state
}
