/** The names under which everything of Trainyard in a cluster is found again. */

export const labels = {
  name: 'app.kubernetes.io/name',
  managedBy: 'app.kubernetes.io/managed-by',
  run: 'trainyard.dev/run',
  attempt: 'trainyard.dev/attempt',
  jobType: 'trainyard.dev/job-type',
  kind: 'trainyard.dev/kind',
  generation: 'trainyard.dev/generation',
  queue: 'kueue.x-k8s.io/queue-name',
  /** Kubernetes' own, on every pod of a Job. */
  job: 'batch.kubernetes.io/job-name',
} as const

/** The labels that all our Jobs and pods have, and nothing else has. */
export const ours = { [labels.name]: 'trainyard-attempt', [labels.managedBy]: 'trainyard' } as const

export const ourSelector = Object.entries(ours)
  .map(([label, value]) => `${label}=${value}`)
  .join(',')

export const annotations = {
  bot: 'trainyard.dev/bot',
  /** Digest of what the Job was built from. */
  spec: 'trainyard.dev/spec',
  traceparent: 'trainyard.dev/traceparent',
} as const

/** Keeps a Job, and so its name, until logs, result and reason of the attempt are stored (I7). */
export const finalizer = 'trainyard.dev/collect'

export const containers = { runner: 'runner', program: 'program' } as const

export const standardGpuResource = 'nvidia.com/gpu'
