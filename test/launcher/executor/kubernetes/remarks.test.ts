import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SeenJob, SeenPod } from '../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { remarksOf } from '../../../../services/launcher/executor/kubernetes/remarks.ts'

const at = (second: number) => new Date(Date.parse('2026-01-02T03:04:00Z') + second * 1_000)
const pod = (metadata: SeenPod['metadata'], status: SeenPod['status']): SeenPod => ({
  metadata: { name: 'run-a-1-x', ...metadata },
  spec: { nodeName: 'gpu-1', containers: [] },
  status: { startTime: at(1), ...status },
})
const told = (job: SeenJob | undefined, ...pods: SeenPod[]) =>
  remarksOf(job, pods, []).map((remark) => [remark.at.getTime() - at(0).getTime(), remark.words])
const placed = [1_000, 'pod run-a-1-x on node gpu-1']

test('who took a pod away is told, and when: its runner knows only that it was told to stop', () => {
  const target = (status: 'True' | 'False') => ({
    type: 'DisruptionTarget',
    status,
    reason: 'PreemptionByScheduler',
    message: 'a more urgent one',
    lastTransitionTime: at(5),
  })
  const taken = 'a pod of higher priority took its place: a more urgent one'
  for (const phase of ['Running', 'Failed', 'Succeeded'])
    assert.deepEqual(told(undefined, pod({}, { phase, conditions: [target('True')] })), [placed, [5_000, taken]])
  assert.deepEqual(told(undefined, pod({}, { phase: 'Running', conditions: [target('False')] })), [placed])

  const deleted = { deletionTimestamp: at(67), deletionGracePeriodSeconds: 60 }
  assert.deepEqual(told(undefined, pod(deleted, { phase: 'Failed' })), [placed, [7_000, 'its pod was deleted']])
})

test('a Job that somebody has deleted says so, also when its pod is gone', () => {
  assert.deepEqual(told({ metadata: { deletionTimestamp: at(9) } }), [[9_000, 'its Job was deleted']])
  assert.deepEqual(told({ metadata: {} }), [])
})

test('the devices told are those of the program, whoever has added a container before it', () => {
  const container = (name: string, limits: Record<string, string>) => ({ name, resources: { limits } })
  const seen = {
    ...pod({}, {}),
    spec: {
      nodeName: 'gpu-1',
      containers: [
        container('istio-proxy', { memory: '1Gi' }),
        container('program', { 'nvidia.com/gpu': '2', memory: '8Gi' }),
      ],
    },
  }
  assert.deepEqual(told(undefined, seen), [[1_000, 'pod run-a-1-x on node gpu-1 with 2 nvidia.com/gpu']])
})
