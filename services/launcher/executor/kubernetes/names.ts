/** The names under which everything of Trainyard in a cluster is found again, and what else is told with it. */

/** A contract with what runs in the cluster already: never change one. */
export const labels = {
  name: 'app.kubernetes.io/name',
  managedBy: 'app.kubernetes.io/managed-by',
  run: 'trainyard.dev/run',
  /** The name of the attempt, and so of the Job; on the pod, too. */
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

/** Keeps a Job, and so its name, until its logs, result and reason are stored (I7). */
export const collectFinalizer = 'trainyard.dev/collect'

export const annotations = {
  bot: 'trainyard.dev/bot',
  /** Digest of what the Job was built from. */
  spec: 'trainyard.dev/spec',
  traceparent: 'trainyard.dev/traceparent',
} as const

export const containers = { runner: 'runner', program: 'program' } as const

export const standardGpuResource = 'nvidia.com/gpu'
