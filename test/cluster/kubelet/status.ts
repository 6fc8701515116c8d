import type { Condition } from '../objects.ts'
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../pods.ts'

/** Why a pod ended that would have gone on by itself. */
export interface Outcome {
  readonly reason: string
  readonly message: string
  /** Set beside the usual ones. */
  readonly condition?: Condition
}

export interface ContainerRecord {
  readonly container: Container
  readonly kind: 'init' | 'sidecar' | 'main'
  readonly id: string
  state: ContainerState
  /** How the one before it ended, where it was started again. */
  lastState: ContainerState
  restarts: number
}

export interface PodFacts {
  readonly records: readonly ContainerRecord[]
  /** Whether it has its network and its volumes. */
  readonly isPrepared: boolean
  readonly startTime: string
  readonly before: PodStatus | undefined
  readonly final: { readonly phase: 'Succeeded' | 'Failed'; readonly outcome: Outcome | undefined } | undefined
}

/** What a kubelet says of a pod. The conditions of others, such as the scheduler's, stay as they are. */
export function statusOf(pod: Pod, { records, isPrepared, startTime, before, final }: PodFacts): PodStatus {
  const main = records.filter(({ kind }) => kind === 'main')
  const initial = records.filter(({ kind }) => kind !== 'main')
  const initialized = initial.every((record) => (record.kind === 'sidecar' ? hasStarted(record) : hasSucceeded(record)))
  const phase = final?.phase ?? (initialized && main.some(hasStarted) ? 'Running' : 'Pending')
  const unready = main.filter(({ state }) => !state.running).map(({ container }) => container.name)
  const readiness = readinessOf(phase, unready)
  const conditions: Condition[] = [
    { type: 'PodReadyToStartContainers', status: isPrepared && !final ? 'True' : 'False' },
    {
      type: 'Initialized',
      status: initialized ? 'True' : 'False',
      ...(initialized ? {} : { reason: 'ContainersNotInitialized' }),
    },
    { type: 'ContainersReady', ...readiness },
    { type: 'Ready', ...readiness },
    ...(final?.outcome?.condition ? [final.outcome.condition] : []),
  ]
  const address = '127.0.0.1'
  return {
    phase,
    conditions: conditions.map((condition) => timed(condition, before)),
    startTime,
    hostIP: address,
    podIP: address,
    podIPs: [{ ip: address }],
    initContainerStatuses: initial.map(containerStatus),
    containerStatuses: main.map(containerStatus),
    observedGeneration: pod.metadata.generation ?? 0,
    ...(final?.outcome ? { reason: final.outcome.reason, message: final.outcome.message } : {}),
  }
}

const hasStarted = ({ state, lastState }: ContainerRecord) =>
  state.running !== undefined || state.terminated !== undefined || lastState.terminated !== undefined

const hasSucceeded = ({ state }: ContainerRecord) => state.terminated?.exitCode === 0

function readinessOf(
  phase: PodStatus['phase'],
  unready: readonly string[],
): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (unready.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  }
}

function timed(condition: Condition, before: PodStatus | undefined): Condition {
  const known = before?.conditions?.find(({ type }) => type === condition.type)
  const since = known?.status === condition.status ? known.lastTransitionTime : undefined
  return { ...condition, lastTransitionTime: since ?? secondsNow() }
}

function containerStatus({ container, kind, id, state, lastState, restarts }: ContainerRecord): ContainerStatus {
  const { name, image } = container
  const running = state.running !== undefined
  const ready = kind === 'init' ? state.terminated?.exitCode === 0 : running
  const known = state.waiting && !lastState.terminated ? {} : { containerID: `test://${id}` }
  return { name, ready, started: running, restartCount: restarts, image, imageID: image, ...known, state, lastState }
}

/** As the API has its times: whole seconds. */
export const secondsNow = () => `${new Date().toISOString().slice(0, 19)}Z`
