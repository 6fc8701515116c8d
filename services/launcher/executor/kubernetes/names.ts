/** The names under which everything of Trainyard in a cluster is found again, and what else is told with it. */

import { labels as common, managedByUs } from './client/cluster.ts'

export const labels = {
  ...common,
  jobType: 'trainyard.dev/job-type',
  kind: 'trainyard.dev/kind',
  generation: 'trainyard.dev/generation',
  queue: 'kueue.x-k8s.io/queue-name',
} as const

/** The labels that all our Jobs and pods have, and nothing else has. */
export const ours = { [labels.name]: 'trainyard-attempt', [labels.managedBy]: managedByUs } as const

export const annotations = {
  bot: 'trainyard.dev/bot',
  /** Digest of what the Job was built from. */
  spec: 'trainyard.dev/spec',
  traceparent: 'trainyard.dev/traceparent',
} as const

export const containers = { runner: 'runner', program: 'program' } as const

export const standardGpuResource = 'nvidia.com/gpu'
