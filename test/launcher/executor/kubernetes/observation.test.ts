import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  CoreV1Event,
  SeenJob,
  SeenPod,
  V1ContainerState,
} from '../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { mayBeOnLostNode, observationOf } from '../../../../services/launcher/executor/kubernetes/observation.ts'

const nowMs = Date.parse('2026-01-02T03:04:05Z')
const minutesAgo = (minutes: number) => new Date(nowMs - minutes * 60_000)

const job = (changes: Partial<SeenJob> = {}): SeenJob => ({
  ...changes,
  metadata: { name: 'run-a-1', uid: 'job-uid', ...changes.metadata },
})
const deletedJob = job({ metadata: { deletionTimestamp: minutesAgo(1) } })
const endedJob = (reason: string) =>
  job({ status: { conditions: [{ type: 'Failed', status: 'True', reason, message: 'told so' }] } })

interface PodFacts {
  readonly phase?: string
  readonly program?: V1ContainerState
  readonly init?: V1ContainerState
  readonly node?: string | null
  /** Containers that somebody has added, before ours. */
  readonly others?: readonly string[]
  readonly ageMinutes?: number
  /** Told to stop so many minutes ago, with a minute of grace. */
  readonly toldMinutesAgo?: number
  readonly conditions?: NonNullable<SeenPod['status']>['conditions']
  readonly status?: SeenPod['status']
}

function pod({
  phase = 'Pending',
  program,
  init,
  node = 'gpu-1',
  others = [],
  ageMinutes = 1,
  toldMinutesAgo,
  conditions,
  status,
}: PodFacts): SeenPod {
  const container = { image: 'registry/trainer:1', imageID: '', ready: false, restartCount: 0 }
  return {
    metadata: {
      name: 'run-a-1-x',
      uid: 'pod-uid',
      creationTimestamp: minutesAgo(ageMinutes),
      ...(toldMinutesAgo === undefined
        ? {}
        : { deletionTimestamp: minutesAgo(toldMinutesAgo - 1), deletionGracePeriodSeconds: 60 }),
    },
    spec: {
      containers: [...others.map((name) => ({ name })), { name: 'program', resources: { limits: { memory: '16Gi' } } }],
      ...(node === null ? {} : { nodeName: node }),
    },
    status: {
      phase,
      ...(conditions ? { conditions } : {}),
      ...(init ? { initContainerStatuses: [{ ...container, name: 'runner', state: init }] } : {}),
      ...(program ? { containerStatuses: [{ ...container, name: 'program', state: program }] } : {}),
      ...status,
    },
  }
}

const waiting = (reason: string, message = 'not found'): V1ContainerState => ({ waiting: { reason, message } })
const terminated = (exitCode: number, more: Partial<NonNullable<V1ContainerState['terminated']>> = {}): PodFacts => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  program: { terminated: { exitCode, ...more } },
})
const unschedulable = (message: string): PodFacts => ({
  node: null,
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
})
const disrupted = (reason: string, more: PodFacts = {}): PodFacts => ({
  phase: 'Failed',
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'so it goes' }],
  ...more,
})
const failedCreate = { reason: 'FailedCreate', message: 'pods "x" is forbidden: exceeded quota: gpus' } as CoreV1Event

type Row = readonly [title: string, job: SeenJob | undefined, pods: readonly PodFacts[], says: string]
const rows: readonly Row[] = [
  ['no Job and no pod is nothing', undefined, [], 'absent'],
  [
    'a Job that has no pod yet starts',
    job(),
    [],
    'starting: its pod is refused, since the quota is used up: pods "x" is forbidden: exceeded quota: gpus',
  ],
  [
    'a Job that Kueue holds says so',
    job({ metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'gpus' } }, spec: { suspend: true } }),
    [],
    'starting: waits for Kueue to admit it from the queue gpus',
  ],
  [
    'one that Kueue had let go and holds again has lost its pod, and has ended',
    job({
      metadata: { generation: 3, labels: { 'kueue.x-k8s.io/queue-name': 'gpus' } },
      spec: { suspend: true },
    }),
    [],
    'ended, disrupted: its Job was suspended, which took its pod away',
  ],
  [
    'a pod that finds no GPU says how many nodes are free',
    job(),
    [
      unschedulable(
        '0/5 nodes are available: 2 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint(s). preemption: 0/5 nodes are available: 2 No preemption victims found.',
      ),
    ],
    'starting: waits for a GPU: 0 of 2 nodes free',
  ],
  [
    'nothing is told that the scheduler says of its own affairs',
    job(),
    [
      unschedulable(
        '0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
      ),
    ],
    'starting: waits for a node: 2 node(s) had untolerated taint(s)',
  ],
  [
    'a pod that no node wants says why',
    job(),
    [unschedulable("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")],
    "starting: waits for a node: 1 node(s) didn't match Pod's node affinity/selector",
  ],
  [
    'what the scheduler says in other words is told as it is',
    job(),
    [unschedulable('no nodes')],
    'starting: waits for a node: no nodes',
  ],
  ['a pod that is on its node is set up', job(), [{}], 'starting: is set up on node gpu-1'],
  [
    'what is in the way of its start is told',
    job(),
    [{ program: waiting('ImagePullBackOff') }],
    "starting: its image registry/trainer:1 can't be pulled: not found",
  ],
  ['a program that runs, runs', job(), [{ phase: 'Running', program: { running: {} } }], 'running: runs on node gpu-1'],
  [
    'a pod whose program has just ended ends soon, too',
    job(),
    [{ phase: 'Running', program: { terminated: { exitCode: 0, finishedAt: new Date(nowMs - 10_000) } } }],
    'running: its program has ended, and its pod has not yet',
  ],
  [
    'one that a container of somebody else keeps alive has ended as its program did: it would hold its GPU',
    job(),
    [
      {
        phase: 'Running',
        program: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: new Date(nowMs - 11_000) } },
        others: ['istio-proxy'],
      },
    ],
    'ended 137 SIGKILL: it was killed for using more memory than its placement gives (16Gi)',
  ],
  [
    'and was stopped by somebody else where it was told to stop before',
    job(),
    [
      {
        phase: 'Running',
        program: { terminated: { exitCode: 143, finishedAt: new Date(nowMs - 11_000) } },
        toldMinutesAgo: 1,
        others: ['istio-proxy'],
      },
    ],
    'ended 143 SIGTERM, disrupted: its pod was deleted',
  ],
  [
    'a pod that is told to stop still runs',
    deletedJob,
    [{ phase: 'Running', toldMinutesAgo: 1 }],
    'running: is told to stop',
  ],
  [
    'a pod whose Job somebody has deleted was not told to stop',
    deletedJob,
    [{ phase: 'Running', program: { running: {} } }],
    'running, forsaken: runs on node gpu-1',
  ],
  [
    'a pod whose Job is gone altogether neither',
    undefined,
    [{ phase: 'Running', program: { running: {} } }],
    'running, forsaken: runs on node gpu-1',
  ],
  [
    'a pod that is over is the end, before its Job says so',
    job(),
    [terminated(0)],
    'ended 0: it ended with exit code 0',
  ],
  [
    'last words are told',
    job(),
    [terminated(1, { message: 'CUDA error\n' })],
    'ended 1: it ended with exit code 1: CUDA error',
  ],
  ['a killed program names its signal', job(), [terminated(137)], 'ended 137 SIGKILL: it ended with exit code 137'],
  [
    'one that used too much memory is told what it may use',
    job(),
    [terminated(137, { reason: 'OOMKilled' })],
    'ended 137 SIGKILL: it was killed for using more memory than its placement gives (16Gi)',
  ],
  [
    'a program that is not in its image',
    job(),
    [terminated(128, { reason: 'StartError', message: 'no such file' })],
    "ended 128: its program can't be started: no such file",
  ],
  [
    'an init container that failed',
    job(),
    [
      {
        phase: 'Failed',
        init: { terminated: { exitCode: 1, message: 'no space left' } },
        program: waiting('PodInitializing'),
      },
    ],
    'ended: its pod ended before the program began: no space left',
  ],
  [
    'an eviction is no fault of the program',
    job(),
    [disrupted('EvictionByEvictionAPI')],
    'ended, disrupted: it was evicted, as when a node is drained: so it goes',
  ],
  [
    'nor is a preemption',
    job(),
    [disrupted('PreemptionByScheduler')],
    'ended, disrupted: a pod of higher priority took its place: so it goes',
  ],
  [
    'but one for its own use of the disk is',
    job(),
    [
      disrupted('TerminationByKubelet', {
        status: {
          phase: 'Failed',
          reason: 'Evicted',
          message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.',
        },
      }),
    ],
    'ended: its node evicted it: Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.',
  ],
  [
    'a node that refuses its pod disrupts it',
    job(),
    [{ phase: 'Failed', status: { phase: 'Failed', reason: 'UnexpectedAdmissionError', message: 'Allocate failed' } }],
    'ended, disrupted: its node refused it (UnexpectedAdmissionError): Allocate failed',
  ],
  [
    'for whatever reason it does, as long as there was no container yet',
    job(),
    [
      {
        phase: 'Failed',
        status: { phase: 'Failed', reason: 'TopologyAffinityError', message: 'Resources cannot be allocated' },
      },
    ],
    'ended, disrupted: its node refused it (TopologyAffinityError): Resources cannot be allocated',
  ],
  [
    'but its deadline may pass before any container begins',
    job(),
    [{ phase: 'Failed', status: { phase: 'Failed', reason: 'DeadlineExceeded' } }],
    'ended: its pod was ended after the longest time that it may last',
  ],
  [
    'a pod that is gone leaves the word of its Job',
    endedJob('BackoffLimitExceeded'),
    [],
    'ended: its Job has ended, and its pod is gone (BackoffLimitExceeded: told so)',
  ],
  [
    'which also remembers a disruption',
    endedJob('PodFailurePolicy'),
    [],
    'ended, disrupted: its Job has ended, and its pod is gone (PodFailurePolicy: told so)',
  ],
  [
    'a Job that was deleted, and whose pod is gone or never was',
    deletedJob,
    [],
    'ended, disrupted: its Job was deleted, and it has no pod any more',
  ],
  [
    'a pod that was deleted before it ended was stopped by somebody else',
    job(),
    [{ ...terminated(137, { finishedAt: minutesAgo(1) }), toldMinutesAgo: 1 }],
    'ended 137 SIGKILL, disrupted: its pod was deleted',
  ],
  [
    'and so was one that never began',
    deletedJob,
    [{ ...terminated(137, { reason: 'ContainerStatusUnknown', finishedAt: new Date(0) }), toldMinutesAgo: 1 }],
    'ended 137 SIGKILL, disrupted: its pod was deleted',
  ],
  [
    'one that was deleted after its end was not',
    deletedJob,
    [{ ...terminated(137, { reason: 'OOMKilled', finishedAt: minutesAgo(2) }), toldMinutesAgo: 1 }],
    'ended 137 SIGKILL: it was killed for using more memory than its placement gives (16Gi)',
  ],
]

for (const [title, given, pods, says] of rows) {
  test(title, () => {
    const seen = observationOf({ job: given, pods: pods.map(pod), events: [failedCreate] }, nowMs)
    assert.equal(wordsOf(seen), says)
  })
}

function wordsOf(seen: ReturnType<typeof observationOf>): string {
  switch (seen.state) {
    case 'absent':
      return 'absent'
    case 'ended': {
      const exit = [seen.exitCode, seen.signal].filter((part) => part !== null).map((part) => ` ${part}`)
      return `ended${exit.join('')}${seen.isDisrupted ? ', disrupted' : ''}: ${seen.reason}`
    }
    case 'starting':
      return `starting${seen.hopeless ? `, hopeless, ${seen.hopeless.outcome}` : ''}${seen.isForsaken ? ', forsaken' : ''}: ${seen.words}`
    case 'running':
      return `running${seen.isForsaken ? ', forsaken' : ''}: ${seen.words}`
  }
}

test('a pod that no node could ever take says why', () => {
  const waits = pod(unschedulable('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'))
  const nowhere = 'a node has at most 4 nvidia.com/gpu, and 8 are asked for'
  const seen = observationOf({ job: job(), pods: [waits], nowhere }, nowMs)
  assert.equal(wordsOf(seen), `starting: waits for a node, and none that is there can ever take it: ${nowhere}`)
})

test('D13: a pod that is told to stop may still run, and where its node is lost, nobody knows', () => {
  const told = pod({ phase: 'Running', toldMinutesAgo: 1 })
  const says = (isNodeLost: boolean) => wordsOf(observationOf({ job: job(), pods: [told], isNodeLost }, nowMs))
  assert.equal(says(false), 'running: is told to stop')
  const lost = 'running: is told to stop; its node gpu-1 does not answer, so nobody can tell when it has'
  assert.equal(says(true), lost)
})

test('a node may be lost from which a taint takes a pod, or on which one that is told to stop is longer than it may', () => {
  const asked = (facts: PodFacts, afterMs = 0) => mayBeOnLostNode(pod(facts), nowMs + afterMs)
  const runs = { phase: 'Running', toldMinutesAgo: 1 }
  assert.equal(asked(disrupted('DeletionByTaintManager', runs)), true)
  assert.equal(asked(disrupted('DeletionByTaintManager', { toldMinutesAgo: 1 })), false)
  assert.deepEqual([asked(runs), asked(runs, 1_000)], [false, true])
  assert.equal(asked({ phase: 'Running' }, 1_000), false)
})
