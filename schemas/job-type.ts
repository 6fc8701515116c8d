/** Job types and placements of `trainyard.yaml`, and the frozen specification that a request carries. */

import { z } from 'zod'
import {
  InnerShare,
  Json,
  mapping,
  Name,
  ObjectName,
  oneOf,
  Positive,
  Seconds,
  Share,
  Text,
  whole,
} from './expectations.ts'
import { canonicalJson } from './words.ts'

/** The most runs of a job type at the same time, configured or chosen. */
export const maximumSlots = 100_000

const textValue = { error: 'expected a text (in quotes, if it looks like a number)' }

const gpuResourceError = 'expected the name of a Kubernetes resource such as nvidia.com/gpu'

const Toleration = mapping({
  key: Text.optional().describe('Taint key; without one, every taint.'),
  operator: oneOf('Equal', 'Exists').optional().describe('How the value is compared; Kubernetes takes Equal.'),
  value: z.string(textValue).optional().describe('Taint value, for Equal.'),
  effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute').optional().describe('Taint effect; without one, all.'),
  tolerationSeconds: Seconds.optional().describe('How long a NoExecute taint is borne.'),
})

const Handed = z
  .record(Text, Json, { error: 'expected a mapping as Kubernetes takes it' })
  .optional()
  .describe('As Kubernetes takes it.')

export const Placement = mapping({
  nodeSelector: z
    .record(Text, z.string(textValue), { error: 'expected a mapping of labels' })
    .default({})
    .describe('Labels that the node must have.'),
  tolerations: z
    .array(Toleration, { error: 'expected a list' })
    .default([])
    .describe('Taints of nodes that are borne.'),
  gpus: whole(0).default(0).describe('GPUs per attempt.'),
  cpus: Positive.optional().describe('CPUs per attempt.'),
  memoryGiB: Positive.optional().describe('Memory per attempt, in GiB.'),
  priorityClassName: Text.optional().describe('Kubernetes priority class.'),
  // None of these has a default: one would change the text of every frozen specification, and with it what work is the same.
  gpuResource: z
    .string({ error: gpuResourceError })
    .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?\/[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$/, { error: gpuResourceError })
    .optional()
    .describe('Kubernetes resource that a GPU is counted as; without one, nvidia.com/gpu.'),
  ephemeralStorageGiB: Positive.optional().describe('Local disk per attempt, in GiB, for its files and its log.'),
  affinity: mapping({ nodeAffinity: Handed, podAffinity: Handed, podAntiAffinity: Handed })
    .optional()
    .describe("Kubernetes affinity of the attempt's pod, handed on as it is."),
  imagePullSecrets: z
    .array(ObjectName, { error: 'expected a list of names' })
    .optional()
    .describe('Kubernetes secrets that open the registry of the images.'),
  serviceAccountName: ObjectName.optional().describe(
    'Kubernetes service account of the pod; its token is never mounted.',
  ),
  runtimeClassName: ObjectName.optional().describe('Kubernetes runtime class.'),
  queueName: Name.optional().describe('Local queue of Kueue: attempts wait until Kueue lets them start.'),
  waitSeconds: Seconds.optional().describe(
    'Longest wait for a place in the cluster; an attempt that found none by then counts as lost. Without one, a day.',
  ),
})
export type Placement = z.infer<typeof Placement>

export const PromotionPolicy = mapping({
  minimumAccuracy: Share.default(0.5).describe('Floor: a model below this accuracy is rejected.'),
  minimumExamRows: whole(0).default(20).describe('Floor: an exam of fewer rows decides nothing.'),
  margin: Share.default(0.02).describe('Loss of accuracy that still counts as not worse.'),
  confidence: z
    .number({ error: 'expected a number from 0.8 to 0.999' })
    .min(0.8, { error: 'expected a number from 0.8 to 0.999' })
    .max(0.999, { error: 'expected a number from 0.8 to 0.999' })
    .default(0.95)
    .describe('Confidence of the interval of the difference.'),
  whenUndecided: oneOf('promoteIfNotWorse', 'hold')
    .default('promoteIfNotWorse')
    .describe(
      'When the exam proves nothing: promote if the point estimate is at least -margin, else hold; or always hold.',
    ),
  guard: mapping({
    minimumSupport: whole(1).default(8).describe('Exam rows from which on an intent is guarded.'),
    maximumRecallDrop: Share.default(0.25).describe('How far the recall of a guarded intent may fall.'),
  })
    .prefault({})
    .describe('No intent with enough support may fall by more than allowed.'),
  heldExpiresAfterSeconds: Seconds.default(604_800).describe(
    'A held model is rejected after this time without a decision.',
  ),
})
export type PromotionPolicy = z.infer<typeof PromotionPolicy>

const Program = mapping({
  command: z
    .array(Text, { error: 'expected a list of texts, the program first' })
    .min(1, { error: 'expected a list of texts, the program first' })
    .describe(
      "The program and its arguments; it is called with one more: train or predict. 'node' is Trainyard's own. Relative paths of files are looked for in the image's working directory; as a child process, beside trainyard.yaml, then in Trainyard's folder.",
    ),
  image: Text.optional().describe('Container image. Kubernetes needs one; a child process does without.'),
})

/** What a request freezes, and what makes two pieces of work the same. */
const frozen = {
  program: Program.describe('The training program.'),
  hyperparameters: z
    .record(z.string(), Json, { error: 'expected a mapping' })
    .default({})
    .describe('Handed to the program as they are.'),
  attemptDeadlineSeconds: whole(1, 31_536_000).default(3600).describe('Longest time that one attempt may take.'),
  graceSeconds: Seconds.default(30).describe('Time that the program has to stop after SIGTERM.'),
  retries: mapping({
    limit: whole(0).default(2).describe('Further attempts after a crash.'),
    backoffSeconds: Seconds.default(30).describe('Wait before the first further attempt; it doubles each time.'),
    resumeLimit: whole(0)
      .default(20)
      .describe(
        "Further attempts after an end with saved work (exit code 75), or by the cluster's doing, as when a node is drained. They follow at once, but after two in a row that never began: then there is the same wait.",
      ),
  })
    .prefault({})
    .describe('When an attempt is tried again.'),
  whenNewer: oneOf('wait', 'supersede')
    .default('wait')
    .describe('What a newer request does to the running one: wait for it, or stop it.'),
  supersede: mapping({
    finishIfProgressAbove: Share.default(0.8).describe('A run further than this is not stopped.'),
    atMostInARow: whole(1).default(3).describe('After so many stopped runs in a row one is let through.'),
  })
    .prefault({})
    .describe('Limits of whenNewer: supersede.'),
  failuresPerWork: whole(1).default(3).describe('Failed runs after which the same work is rejected.'),
  heldOutShare: InnerShare.default(0.2).describe('Share of the texts that become the exam.'),
  logLimitMiB: Positive.default(8).describe('Log kept per attempt, in MiB; more is cut with a mark.'),
  verdictWaitSeconds: Seconds.default(3600).describe('Longest wait for the verdict before the next run may start.'),
  promotion: PromotionPolicy.prefault({}).describe('When a model is put in force.'),
}

/** A job type with every field filled in. */
export const JobType = mapping({
  ...frozen,
  placement: Name.default('local').describe(
    'Where attempts are to run: a name under placements, or local. As child processes they run on this machine all the same.',
  ),
  examPlacement: Name.optional().describe(
    'Where the champion of this job type sits an exam: a name under placements, or local. Without one, where it was trained.',
  ),
  slots: whole(0, maximumSlots).default(1).describe('Runs at the same time, until changed at run time.'),
  priority: whole(-1_000_000, 1_000_000).default(0).describe('Higher goes first in the queue.'),
  debounce: mapping({
    quietSeconds: Seconds.default(0).describe('Quiet time that must pass before a bot is trained.'),
    maxWaitSeconds: Seconds.default(300).describe('Longest time that signals can put a training off.'),
  })
    .refine(({ quietSeconds, maxWaitSeconds }) => maxWaitSeconds >= quietSeconds, {
      path: ['maxWaitSeconds'],
      error: 'expected at least quietSeconds',
    })
    .prefault({})
    .describe('Many signals, one training.'),
})
export type JobType = z.infer<typeof JobType>

const NamedPlacement = Placement.extend({ name: Name })
export type NamedPlacement = z.infer<typeof NamedPlacement>

/** A job type as it was when the request was made: everything that shapes the work, nothing that only orders it. */
export const JobTypeSpec = mapping({
  ...frozen,
  placement: NamedPlacement,
  /** Of attempts that only predict; absent where there is none of their own. */
  examPlacement: NamedPlacement.optional(),
})
export type JobTypeSpec = z.infer<typeof JobTypeSpec>

/** Where an attempt of this specification runs: to train, or only to sit an exam. */
export function placementOf(spec: JobTypeSpec, kind: 'train' | 'predict'): NamedPlacement {
  return kind === 'predict' ? (spec.examPlacement ?? spec.placement) : spec.placement
}

/** The text of a specification in events and rows; equal specifications give equal text. */
export function specText(spec: JobTypeSpec): string {
  return canonicalJson(spec)
}

/** Fields that a later version added are filled in with their defaults. Throws a ZodError on anything else. */
export function parseSpec(json: string): JobTypeSpec {
  return JobTypeSpec.parse(JSON.parse(json))
}
