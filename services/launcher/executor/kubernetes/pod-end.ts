/** How a pod ended, and whose doing it was. Pure. */
import type { SeenPod, V1ContainerStateTerminated } from './client/cluster.ts'
import { programOf, timeMs } from './fields.ts'
import { containers } from './names.ts'

export interface Disruption {
  readonly reason: string
  readonly words: string
}

/** What a node may do to a pod that it had begun. */
const disturbances = new Set(['Evicted', 'NodeShutdown', 'Terminated', 'Shutdown', 'NodeLost', 'Preempting'])

/** Something in the cluster ended it, and not its program. */
export function disruptionOf(pod: SeenPod): Disruption | undefined {
  const { status } = pod
  const message = status?.message ?? ''
  // It was evicted for what it did itself: another try would do the same.
  if (status?.reason === 'Evicted' && /exceed\w* .*limit/i.test(message)) return undefined
  const target = status?.conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
  if (target) {
    const reason = target.reason ?? 'DisruptionTarget'
    return { reason, words: wordsOf(reason, target.message ?? message) }
  }
  const { reason } = status ?? {}
  if (reason !== undefined && (disturbances.has(reason) || isRefused(pod)))
    return { reason, words: wordsOf(reason, message) }
  return wasToldToStop(pod) ? { reason: 'Deleted', words: 'its pod was deleted' } : undefined
}

/**
 * Its kubelet would not have it, though the scheduler had chosen the node: that has changed in between, or knows what the
 * scheduler does not, such as which GPU is beside which CPU. Such a pod fails before there is a word about its containers.
 */
function isRefused({ status }: SeenPod): boolean {
  const words = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return status?.phase === 'Failed' && status.reason !== 'DeadlineExceeded' && words.length === 0
}

/** Its end came after somebody had deleted it, or its Job. */
function wasToldToStop(pod: SeenPod): boolean {
  const toldMs = toldToStopMs(pod)
  const end = programOf(pod)?.terminated
  const isFailed = pod.status?.phase === 'Failed' || (end !== undefined && end.exitCode !== 0)
  if (toldMs === undefined || !isFailed) return false
  // What never began has no end of its own, as far as the node knows.
  if (!end || end.reason === 'ContainerStatusUnknown' || end.finishedAt === undefined) return true
  return timeMs(end.finishedAt) >= toldMs
}

export function toldToStopMs({ metadata }: SeenPod): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata ?? {}
  return deletionTimestamp && timeMs(deletionTimestamp) - 1_000 * deletionGracePeriodSeconds
}

const disruptionWords: Readonly<Record<string, string>> = {
  PreemptionByScheduler: 'a pod of higher priority took its place',
  DeletionByTaintManager: 'its node was lost or is being emptied',
  EvictionByEvictionAPI: 'it was evicted, as when a node is drained',
  DeletionByPodGC: 'its node is gone',
  TerminationByKubelet: 'its node ended it',
  Evicted: 'its node evicted it',
}

function wordsOf(reason: string, message: string): string {
  const words = disruptionWords[reason] ?? `its node refused it (${reason})`
  return message === '' ? words : `${words}: ${message}`
}

export function exitOf(pod: SeenPod): { exitCode: number | null; signal: string | null } {
  const end = programOf(pod)?.terminated
  const exitCode = end?.exitCode ?? null
  return { exitCode, signal: signalName(end?.signal || (exitCode !== null && exitCode > 128 ? exitCode - 128 : 0)) }
}

const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
}

const signalName = (signal: number): string | null => signals[signal] ?? null

export function endWords(pod: SeenPod): string {
  const disruption = disruptionOf(pod)
  if (disruption) return disruption.words
  if (pod.status?.reason === 'DeadlineExceeded') return 'its pod was ended after the longest time that it may last'
  if (pod.status?.reason === 'Evicted') return `its node evicted it: ${pod.status.message}`
  const end = programOf(pod)?.terminated
  if (!end) return `its pod ended before the program began${said(failedInit(pod)?.message ?? pod.status?.message)}`
  if (end.reason === 'OOMKilled')
    return `it was killed for using more memory than its placement gives${memoryOf(pod)}${said(end.message)}`
  if (end.reason === 'StartError' || end.reason === 'ContainerCannotRun')
    return `its program can't be started${said(end.message)}`
  return `it ended with exit code ${end.exitCode}${said(end.message)}`
}

/** The last words of a container: what it wrote for this, else the end of its log. */
function said(message: string | undefined): string {
  const words = message?.trim() ?? ''
  return words === '' ? '' : `: ${words}`
}

function memoryOf(pod: SeenPod): string {
  const limit = pod.spec?.containers.find(({ name }) => name === containers.program)?.resources?.limits?.['memory']
  return limit === undefined ? '' : ` (${limit})`
}

function failedInit({ status }: SeenPod): V1ContainerStateTerminated | undefined {
  return status?.initContainerStatuses
    ?.map(({ state }) => state?.terminated)
    .find((end) => end !== undefined && end.exitCode !== 0)
}
