import { JobTypeSpec, Placement } from '../../../../schemas/job-type.ts'
import { AttemptName, BotId, JobTypeName, RunId } from '../../../../schemas/words.ts'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import type { JobSettings } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { needsOf } from '../../../../services/launcher/executor/kubernetes/pod.ts'

export const settings: JobSettings = {
  namespace: 'trainyard',
  runnerImage: 'registry.example.com/trainyard-runner:1',
}

export const token = 'the-token-of-this-attempt'

export type SpecParts = {
  program?: { command: readonly string[]; image?: string }
  placement?: object
  examPlacement?: object
}

export function specOf({ placement = {}, examPlacement, ...parts }: SpecParts = {}): JobTypeSpec {
  return JobTypeSpec.parse({
    program: { command: ['python3', '/srv/train.py', 'wide'], image: 'registry.example.com/trainer:7' },
    ...parts,
    placement: { name: 'some', ...placement },
    ...(examPlacement === undefined ? {} : { examPlacement: { name: 'exams', ...examPlacement } }),
  })
}

export function attemptOf(parts: SpecParts = {}, changes: Partial<AttemptToStart> = {}): AttemptToStart {
  return {
    name: AttemptName.parse('run-abcdefghij-1'),
    run: RunId.parse('run-abcdefghij'),
    bot: BotId.parse('Büro / 7'),
    jobType: JobTypeName.parse('intents'),
    generation: 12,
    spec: specOf(parts),
    kind: 'train',
    token,
    runApiUrl: 'http://launcher.trainyard.svc:7070',
    deadlineMs: 3_600_000,
    graceMs: 30_000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...changes,
  }
}

export const champion = { kind: 'predict', name: AttemptName.parse('run-abcdefghij-champion-2') } as const

export const podOf = (placement: object) => needsOf(Placement.parse(placement))
