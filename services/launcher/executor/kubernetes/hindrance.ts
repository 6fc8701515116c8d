/**
 * What is in the way of a pod that has its node and whose program has not begun, and whether it is still to be waited for.
 * Pure.
 *
 * The pod's status names what is wrong with an image or a container, and nothing of its network and volumes; since when,
 * it never says. The node's events tell both.
 */
import type { Hopeless } from '../executor.ts'
import type { CoreV1Event, SeenPod } from './client/cluster.ts'
import { programOf, timeMs } from './fields.ts'
import { containers } from './names.ts'

/** How long what may mend itself (a registry that is away, a Secret not made yet) is waited for, from when it went wrong. */
const patienceMs = 10 * 60_000
/** A pod's network and volumes are there within seconds, unless something is in their way. */
const preparedWithinMs = 10_000

export interface Hindrance {
  readonly words: string
  readonly hopeless?: Hopeless
}

/** Whether only the pod's events can tell what is in its way, or since when. */
export function needsEvents(pod: SeenPod, nowMs: number): boolean {
  const { running, terminated } = programOf(pod) ?? {}
  if (running || terminated || pod.metadata?.deletionTimestamp !== undefined) return false
  const ageMs = nowMs - placedMs(pod)
  return stuckContainer(pod) ? ageMs > patienceMs : isUnprepared(pod) && ageMs > preparedWithinMs
}

/** @param events of the pod, the newest last; undefined where nobody lets us read them */
export function hindranceOf(
  pod: SeenPod,
  events: readonly CoreV1Event[] | undefined,
  nowMs: number,
): Hindrance | undefined {
  const stuck = stuckContainer(pod)
  if (stuck?.isForEver) return { words: stuck.words, hopeless: { outcome: 'badInput', reason: stuck.words } }
  const told = (events ?? []).filter(isOfNode)
  if (stuck)
    return patiently(stuck.words, nowMs - (events === undefined ? placedMs(pod) : stuckSinceMs(stuck, told, nowMs)))
  const held = holdingContainer(pod)
  if (held) return patiently(held.words, nowMs - held.sinceMs)
  // It is told before each further try, and says nothing of it.
  const newest = told.findLast(({ reason }) => reason !== 'SandboxChanged')
  if (!isUnprepared(pod) || newest?.type !== 'Warning') return undefined
  const words = `can't be set up on node ${pod.spec?.nodeName}: ${newest.message ?? newest.reason}`
  const warnings = told.filter(({ type }) => type === 'Warning')
  return patiently(words, nowMs - sinceMs(warnings, nowMs))
}

function patiently(words: string, forMs: number): Hindrance {
  if (forMs <= patienceMs) return { words }
  return { words, hopeless: { outcome: 'lost', reason: `${words} (for ${Math.round(forMs / 60_000)} minutes)` } }
}

interface Stuck {
  readonly container: string
  readonly words: string
  /** Nothing that may still happen would mend it. */
  readonly isForEver: boolean
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
/** Reasons of the events that belong to these and to those of images. */
const containerFailures = new Set(['Failed', 'InspectFailed', 'ErrImageNeverPull', 'BackOff'])

function stuckContainer({ status }: SeenPod): Stuck | undefined {
  for (const { name: container, state, image } of [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]) {
    const { reason = '', message = 'no reason was given' } = state?.waiting ?? {}
    const words = stuckWords(reason, container, image)
    if (words) return { container, words: `${words}: ${message}`, isForEver: reason === 'InvalidImageName' }
  }
  return undefined
}

function stuckWords(reason: string, container: string, image: string): string | undefined {
  if (imageReasons.has(reason)) return `its image ${image} can't be pulled`
  if (setupReasons.has(reason)) return "its container can't be made"
  // Ours are not started again.
  return reason === 'CrashLoopBackOff'
    ? `the container ${container}, which others have added, ends again and again`
    : undefined
}

/**
 * While it is being pulled once more the status still says what went wrong before, and nothing is wrong. An event may also
 * come later than the status that it belongs to: then it has only just gone wrong.
 */
function stuckSinceMs({ container }: Stuck, events: readonly CoreV1Event[], nowMs: number): number {
  const own = events.filter(({ involvedObject }) => involvedObject.fieldPath?.endsWith(`{${container}}`))
  const failures = own.filter(({ reason }) => containerFailures.has(reason ?? ''))
  const triedMs = latestMs(own.filter(({ reason }) => reason === 'Pulling'))
  return triedMs > latestMs(failures) ? nowMs : sinceMs(failures, nowMs)
}

/** What others have put before the program and has not let it begin; a sidecar does once it has started, as others never do. */
function holdingContainer({ spec, status }: SeenPod): { readonly words: string; readonly sinceMs: number } | undefined {
  const isSidecar = (given: string): boolean =>
    spec?.initContainers?.some(({ name, restartPolicy }) => name === given && restartPolicy === 'Always') === true
  const holding = status?.initContainerStatuses?.find(
    ({ name, state, started }) =>
      name !== containers.runner && state?.running && !(started === true && isSidecar(name)),
  )
  if (!holding) return undefined
  const words = `waits for the container ${holding.name}, which others have put before its program`
  return { words, sinceMs: timeMs(holding.state?.running?.startedAt) }
}

/** Its network or its volumes are not there yet. */
function isUnprepared({ status }: SeenPod): boolean {
  return status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')?.status === 'False'
}

/** What the scheduler said before concerns other nodes. */
const isOfNode = ({ source, reportingComponent }: CoreV1Event): boolean =>
  source?.component === 'kubelet' || reportingComponent === 'kubelet'

function sinceMs(events: readonly CoreV1Event[], nowMs: number): number {
  const times = events.map(({ firstTimestamp, eventTime }) => timeMs(firstTimestamp ?? eventTime))
  return Math.min(nowMs, ...times.filter((time) => !Number.isNaN(time)))
}

function latestMs(events: readonly CoreV1Event[]): number {
  const times = events.map(({ lastTimestamp, series, eventTime }) =>
    timeMs(lastTimestamp ?? series?.lastObservedTime ?? eventTime),
  )
  return Math.max(Number.NEGATIVE_INFINITY, ...times.filter((time) => !Number.isNaN(time)))
}

/** When it was given its node: it may have waited long for one. */
function placedMs({ metadata, status }: SeenPod): number {
  const placed = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True')
  return timeMs(placed?.lastTransitionTime ?? metadata?.creationTimestamp)
}
