/** To write the files anew after a change that is meant: TRAINYARD_WRITE_GOLDEN=1 node --test, and read the difference. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse, stringify } from 'yaml'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import { buildJob, type JobSettings } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { attemptOf, champion, settings } from './given.ts'

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

const cases: Record<string, [AttemptToStart, Partial<JobSettings>?]> = {
  'gpu-training': [attemptOf({ placement: gpuPlacement })],
  'cpu-only': [attemptOf({ placement: { name: 'small', cpus: 2, memoryGiB: 4 } })],
  'kueue-queue': [attemptOf({ placement: { ...gpuPlacement, queueName: 'training' } })],
  'predict-with-exam-placement': [
    attemptOf({ placement: gpuPlacement, examPlacement: { cpus: 1, memoryGiB: 2 } }, champion),
  ],
  'everything-set': [attemptOf({ placement: everything }), { imagePullPolicy: 'IfNotPresent' }],
}

const folder = new URL('golden/', import.meta.url)
const fileOf = (name: string): URL => new URL(`${name}.yaml`, folder)

describe('the Job of an attempt is byte for byte what the file says:', () => {
  for (const [name, [attempt, more]] of Object.entries(cases)) {
    test(name, () => {
      const job = buildJob(attempt, { ...settings, ...more })
      // A text that holds no anchors reads as what is sent, and two fields that share a value are written twice.
      const text = stringify(job, { aliasDuplicateObjects: false, lineWidth: 0 })
      assert.deepEqual(parse(text), JSON.parse(JSON.stringify(job)))
      if (process.env['TRAINYARD_WRITE_GOLDEN'] !== undefined) writeFileSync(fileOf(name), text)
      assert.equal(text, readFileSync(fileOf(name), 'utf8'))
    })
  }

  test('and there is no file that nothing is compared with', () => {
    const files = readdirSync(folder).map((file) => file.replace('.yaml', ''))
    assert.deepEqual(files.sort(), Object.keys(cases).sort())
  })
})
