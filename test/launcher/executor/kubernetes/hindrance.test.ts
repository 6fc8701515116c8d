import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  CoreV1Event,
  SeenPod,
  V1ContainerState,
} from '../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { hindranceOf, needsEvents } from '../../../../services/launcher/executor/kubernetes/hindrance.ts'

const nowMs = Date.parse('2026-01-02T03:04:05Z')
const minutesAgo = (minutes: number) => new Date(nowMs - minutes * 60_000)

interface PodFacts {
  readonly program?: V1ContainerState
  readonly init?: V1ContainerState
  /** An init container that is not ours. */
  readonly added?: {
    readonly name: string
    readonly state: V1ContainerState
    readonly started?: boolean
    readonly isSidecar?: boolean
  }
  /** Since when it has its node. */
  readonly placedMinutes?: number
  readonly isPrepared?: boolean
}

function pod({ program, init, added, placedMinutes = 1, isPrepared = true }: PodFacts): SeenPod {
  const container = { image: 'registry/trainer:1', imageID: '', ready: false, restartCount: 0 }
  return {
    metadata: { uid: 'pod-uid', creationTimestamp: minutesAgo(600) },
    spec: {
      nodeName: 'gpu-1',
      containers: [{ name: 'program' }],
      initContainers: added ? [{ name: added.name, ...(added.isSidecar ? { restartPolicy: 'Always' } : {}) }] : [],
    },
    status: {
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'True', lastTransitionTime: minutesAgo(placedMinutes) },
        { type: 'PodReadyToStartContainers', status: isPrepared ? 'True' : 'False' },
      ],
      initContainerStatuses: [
        ...(added ? [{ ...container, name: added.name, state: added.state, started: added.started ?? false }] : []),
        ...(init ? [{ ...container, name: 'runner', state: init }] : []),
      ],
      ...(program ? { containerStatuses: [{ ...container, name: 'program', state: program }] } : {}),
    },
  }
}

const waiting = (reason: string, message = 'not found'): V1ContainerState => ({ waiting: { reason, message } })
const event = (
  reason: string,
  firstMinutes: number,
  { message = reason, type = 'Warning', container = 'program', lastMinutes = firstMinutes } = {},
): CoreV1Event => ({
  metadata: {},
  involvedObject: { kind: 'Pod', ...(container === '' ? {} : { fieldPath: `spec.containers{${container}}` }) },
  type,
  reason,
  message,
  source: { component: 'kubelet' },
  firstTimestamp: minutesAgo(firstMinutes),
  lastTimestamp: minutesAgo(lastMinutes),
})
const pulling = (minutes: number): CoreV1Event => event('Pulling', minutes, { type: 'Normal' })
const sandbox = 'no runtime for "nvidia" is configured'
const noSandbox = (minutes: number) => event('FailedCreatePodSandBox', minutes, { message: sandbox, container: '' })
const unpulled = "its image registry/trainer:1 can't be pulled: not found"

type Row = readonly [title: string, pod: PodFacts, events: readonly CoreV1Event[] | undefined, says: string | undefined]
const rows: readonly Row[] = [
  ['a pod that is being set up has nothing in its way', { program: waiting('ContainerCreating') }, [], undefined],
  [
    'an image that cannot be pulled is waited for',
    { program: waiting('ErrImagePull'), placedMinutes: 10 },
    undefined,
    unpulled,
  ],
  ['so is the one that brings the runner', { init: waiting('ErrImagePull') }, undefined, unpulled],
  [
    'and given up ten minutes after it first went wrong: another try may help',
    { program: waiting('ImagePullBackOff'), placedMinutes: 12 },
    [event('Failed', 11)],
    `lost: ${unpulled} (for 11 minutes)`,
  ],
  [
    'a pull that took long before it went wrong has only just gone wrong',
    { program: waiting('ImagePullBackOff'), placedMinutes: 25 },
    [noSandbox(24), pulling(24), event('Failed', 2)],
    unpulled,
  ],
  [
    'and so has one of which the event is still to come',
    { program: waiting('ErrImagePull'), placedMinutes: 25 },
    [pulling(24)],
    unpulled,
  ],
  [
    'one that is being pulled once more is not given up: nothing is wrong with it now',
    { program: waiting('ErrImagePull'), placedMinutes: 25 },
    [event('Failed', 24, { lastMinutes: 20 }), pulling(19)],
    unpulled,
  ],
  [
    'what went wrong with another container does not count',
    { program: waiting('ErrImagePull'), placedMinutes: 25 },
    [event('Failed', 24, { container: 'runner' }), event('Failed', 1)],
    unpulled,
  ],
  [
    'a sidecar that others have added, and that ends again and again, is told',
    { init: waiting('CrashLoopBackOff', 'back-off restarting failed container'), placedMinutes: 12 },
    [event('BackOff', 11, { container: 'runner' })],
    'lost: the container runner, which others have added, ends again and again: back-off restarting failed container (for 11 minutes)',
  ],
  [
    'so is a container that others have put before the program, and that does not end',
    { added: { name: 'vault', state: { running: { startedAt: minutesAgo(5) } }, started: true }, placedMinutes: 12 },
    [],
    'waits for the container vault, which others have put before its program',
  ],
  [
    'and given up as late',
    { added: { name: 'vault', state: { running: { startedAt: minutesAgo(11) } }, started: true }, placedMinutes: 12 },
    [],
    'lost: waits for the container vault, which others have put before its program (for 11 minutes)',
  ],
  [
    'so is a sidecar that never counts as started',
    { added: { name: 'mesh', state: { running: { startedAt: minutesAgo(11) } }, isSidecar: true }, placedMinutes: 12 },
    [],
    'lost: waits for the container mesh, which others have put before its program (for 11 minutes)',
  ],
  [
    'but one that has started lets it begin',
    {
      added: { name: 'mesh', state: { running: { startedAt: minutesAgo(11) } }, started: true, isSidecar: true },
      placedMinutes: 12,
    },
    [],
    undefined,
  ],
  [
    'where events may not be read, it is since the pod has its node',
    { program: waiting('ImagePullBackOff'), placedMinutes: 11 },
    undefined,
    `lost: ${unpulled} (for 11 minutes)`,
  ],
  [
    'an image without a proper name is hopeless at once, and another try does not help',
    { program: waiting('InvalidImageName') },
    undefined,
    `badInput: ${unpulled}`,
  ],
  [
    'a Secret that is missing is waited for',
    { program: waiting('CreateContainerConfigError', 'secret "s" not found') },
    undefined,
    'its container can\'t be made: secret "s" not found',
  ],
  [
    'a node that cannot set a pod up is told with its own words',
    { program: waiting('PodInitializing'), isPrepared: false },
    [noSandbox(9)],
    `can't be set up on node gpu-1: ${sandbox}`,
  ],
  [
    'and given up as late',
    { program: waiting('PodInitializing'), isPrepared: false, placedMinutes: 12 },
    [event('FailedMount', 11, { message: 'no space left on device', container: '' }), noSandbox(9)],
    `lost: can't be set up on node gpu-1: ${sandbox} (for 11 minutes)`,
  ],
  [
    'each further try is told of, and says nothing of it',
    { program: waiting('PodInitializing'), isPrepared: false, placedMinutes: 12 },
    [
      { ...noSandbox(11), lastTimestamp: minutesAgo(2) },
      event('SandboxChanged', 11, { type: 'Normal', container: '' }),
    ],
    `lost: can't be set up on node gpu-1: ${sandbox} (for 11 minutes)`,
  ],
  [
    'what was in its way is forgotten once it is not',
    { isPrepared: true, placedMinutes: 20 },
    [noSandbox(19)],
    undefined,
  ],
  [
    'what the scheduler said before it had a node concerns other nodes',
    { isPrepared: false },
    [{ ...event('FailedScheduling', 500), source: {}, reportingComponent: 'default-scheduler' }],
    undefined,
  ],
]

for (const [title, facts, events, says] of rows) {
  test(title, () => {
    const { words, hopeless } = hindranceOf(pod(facts), events, nowMs) ?? {}
    assert.equal(hopeless ? `${hopeless.outcome}: ${hopeless.reason}` : words, says)
  })
}

test('its events are asked for only where they alone can tell', () => {
  const asks = (facts: PodFacts) => needsEvents(pod(facts), nowMs)
  const pulls = waiting('ContainerCreating')
  const fails = waiting('ErrImagePull')
  assert.equal(asks({ program: pulls, placedMinutes: 30 }), false)
  assert.deepEqual([asks({ program: fails }), asks({ program: fails, placedMinutes: 11 })], [false, true])
  assert.deepEqual(
    [0.1, 0.2].map((placedMinutes) => asks({ isPrepared: false, placedMinutes })),
    [false, true],
  )
  assert.equal(asks({ init: fails, program: { running: {} }, placedMinutes: 30 }), false)
  assert.equal(asks({ init: fails, program: { terminated: { exitCode: 1 } }, placedMinutes: 30 }), false)
  const told = pod({ program: fails, placedMinutes: 30 })
  assert.equal(needsEvents({ ...told, metadata: { ...told.metadata, deletionTimestamp: minutesAgo(0) } }, nowMs), false)
})
