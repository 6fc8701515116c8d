/**
 * The Job of an attempt. Pure: what it says depends on the attempt, which is the request's frozen row (D6), and on where the
 * launcher was told to put Jobs. The same attempt gives the same bytes after a crash and a new configuration.
 *
 * One Job is one pod that is never replaced: attempts are the ledger's to count. An init container puts the runner
 * into a volume; the program's container starts with it, whatever else its image holds.
 */

import { placementOf } from '../../../../schemas/job-type.ts'
import { canonicalJson, type Digest, digestOf } from '../../../../schemas/words.ts'
import { badInput } from '../../../kit/errors.ts'
import type { AttemptToStart } from '../executor.ts'
import type { SeenJob, V1Job } from './client/cluster.ts'
import { annotations, collectFinalizer, labels, ours } from './names.ts'
import { buildPod, type PodSettings } from './pod.ts'

export type JobSettings = PodSettings & { namespace: string }

/** Throws badInput for an attempt that no container can carry out. */
export function buildJob(attempt: AttemptToStart, settings: JobSettings): V1Job {
  const { image } = attempt.spec.program
  if (image === undefined) {
    throw badInput(
      `job type ${attempt.jobType} names no container image, and in Kubernetes every attempt is a container: say program.image in trainyard.yaml, and ask for the training again`,
    )
  }
  const placement = placementOf(attempt.spec, attempt.kind)
  const metadata = commonMetadata(attempt)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: attempt.name,
      namespace: settings.namespace,
      labels: {
        ...metadata.labels,
        ...(placement.queueName === undefined ? {} : { [labels.queue]: placement.queueName }),
      },
      annotations: { ...metadata.annotations, [annotations.spec]: workDigest(attempt) },
      finalizers: [collectFinalizer],
    },
    spec: {
      ...onePod,
      // Kueue lets it start, and has the say over `suspend` from here on.
      ...(placement.queueName === undefined ? {} : { suspend: true }),
      template: {
        metadata: { labels: metadata.labels, annotations: { ...metadata.annotations, ...leaveAlone } },
        spec: buildPod({ ...attempt, image, placement }, settings),
      },
    },
  }
}

/** Whether a Job that has the attempt's name already was made for the same work. */
export function isSameWork(job: SeenJob, attempt: AttemptToStart): boolean {
  return job.metadata?.name === attempt.name && job.metadata.annotations?.[annotations.spec] === workDigest(attempt)
}

/**
 * Left out is what may differ between two launchers, or before and after a restart, and changes nothing about the work: how
 * the run API is reached, the token, the trace, and the settings.
 */
function workDigest({ name, run, bot, jobType, generation, kind, spec, deadlineMs, graceMs }: AttemptToStart): Digest {
  return digestOf(canonicalJson({ name, run, bot, jobType, generation, kind, spec, deadlineMs, graceMs }))
}

/**
 * The Job has no deadline of its own, which would count the wait for a place too; its pod has. And nothing deletes it after
 * a time: the launcher does when its end is on record (I7).
 */
const onePod = {
  parallelism: 1,
  completions: 1,
  backoffLimit: 0,
  podReplacementPolicy: 'Failed',
  // Has the Job itself remember that its pod was evicted or its node lost, also when the pod is gone.
  podFailurePolicy: {
    rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
  },
} satisfies Omit<NonNullable<V1Job['spec']>, 'template'>

/** An autoscaler that tidies up nodes would throw the work of hours away. */
const leaveAlone = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
} as const

type CommonMetadata = Record<'labels' | 'annotations', Record<string, string>>

function commonMetadata(attempt: AttemptToStart): CommonMetadata {
  return {
    labels: {
      ...ours,
      [labels.run]: attempt.run,
      [labels.attempt]: attempt.name,
      [labels.jobType]: attempt.jobType,
      [labels.kind]: attempt.kind,
      [labels.generation]: String(attempt.generation),
    },
    // A bot's id may be any text, which a label may not.
    annotations: { [annotations.bot]: attempt.bot, [annotations.traceparent]: attempt.traceparent },
  }
}
