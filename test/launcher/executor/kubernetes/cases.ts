/** Attempts whose Jobs are in golden files. */

import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import type { JobSettings } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { attemptOf, champion } from './given.ts'

const gpuPlacement = {
  name: 'one-gpu',
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
  gpus: 1,
  cpus: 4,
  memoryGiB: 16,
}

const everything = {
  name: 'everything',
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3', pool: 'training' },
  tolerations: [
    { key: 'dedicated', operator: 'Equal', value: 'training', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
  ],
  gpus: 2,
  cpus: 7.5,
  memoryGiB: 24.5,
  priorityClassName: 'training',
  gpuResource: 'nvidia.com/mig-3g.20gb',
  ephemeralStorageGiB: 50,
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
      },
    },
  },
  imagePullSecrets: ['registry', 'other-registry'],
  serviceAccountName: 'trainyard-attempt',
  runtimeClassName: 'nvidia',
  queueName: 'training',
  waitSeconds: 7200,
}

export const cases: Record<string, [AttemptToStart, Partial<JobSettings>?]> = {
  'gpu-training': [attemptOf({ placement: gpuPlacement })],
  'cpu-only': [attemptOf({ placement: { name: 'small', cpus: 2, memoryGiB: 4 } })],
  'kueue-queue': [attemptOf({ placement: { ...gpuPlacement, queueName: 'training' } })],
  'predict-with-exam-placement': [
    attemptOf({ placement: gpuPlacement, examPlacement: { cpus: 1, memoryGiB: 2 } }, champion),
  ],
  'everything-set': [attemptOf({ placement: everything }), { runnerPullPolicy: 'IfNotPresent' }],
}
