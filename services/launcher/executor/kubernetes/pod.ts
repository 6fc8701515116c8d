/**
 * The pod of an attempt, as the restricted pod security standard wants it: neither root nor privilege, a root file system
 * that cannot be written to, and no credentials but the attempt's own token (D10).
 */

import type { Placement } from '../../../../schemas/job-type.ts'
import type { AttemptToStart } from '../executor.ts'
import type { V1Container, V1EnvVar, V1PodSpec, V1Toleration } from './client/cluster.ts'
import type { PodNeeds } from './fit.ts'
import { containers, standardGpuResource } from './names.ts'

export type PodSettings = {
  /** Image that brings the runner and its Node. */
  runnerImage: string
  /** Of that image; for the program's Kubernetes goes by its tag. */
  runnerPullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined
}

export type AttemptInPod = AttemptToStart & { image: string; placement: Placement }

/** Where the runner is, both in its own image and in the program's container. */
const runnerFolder = '/trainyard-runner'
const installFolder = '/trainyard-install'
const workFolder = '/work'
const tokenFile = `${workFolder}/token`
const temporaryFolder = '/tmp'

const user = 65_532
/** What the runner gets above the grace time to store the program's work and tell the end. */
const settleSeconds = 30
/**
 * The runner keeps to the deadline itself, and the launcher stops it after that: the pod's own is for the day on which
 * neither does. It begins before the images are pulled, which may take long and must cost the program nothing.
 */
const pullSeconds = 3_600

/** What of a placement says which nodes can take its pods. */
export function needsOf(placement: Placement): PodNeeds {
  const tolerations = tolerationsOf(placement)
  return {
    ...defined({ affinity: placement.affinity && defined(placement.affinity) }),
    ...(Object.keys(placement.nodeSelector).length === 0 ? {} : { nodeSelector: placement.nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    containers: [{ name: containers.program, resources: resourcesOf(placement) }],
  }
}

export function buildPod(attempt: AttemptInPod, settings: PodSettings): V1PodSpec {
  const { placement } = attempt
  const graceSeconds = Math.ceil(attempt.graceMs / 1000) + settleSeconds
  return {
    restartPolicy: 'Never',
    activeDeadlineSeconds: Math.ceil(attempt.deadlineMs / 1000) + graceSeconds + pullSeconds,
    terminationGracePeriodSeconds: graceSeconds,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...defined({
      serviceAccountName: placement.serviceAccountName,
      runtimeClassName: placement.runtimeClassName,
      priorityClassName: placement.priorityClassName,
      imagePullSecrets: placement.imagePullSecrets?.map((name) => ({ name })),
    }),
    ...needsOf(placement),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    initContainers: [runnerContainer(attempt, settings)],
    containers: [programContainer(attempt)],
    volumes: [
      { name: 'runner', emptyDir: {} },
      { name: 'work', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
      ...(placement.gpus === 0 ? [] : [{ name: 'shared-memory', emptyDir: { medium: 'Memory' } }]),
    ],
  }
}

/** Puts the runner where the program's container finds it, and the token where only the runner does: it removes the file. */
function runnerContainer({ token }: AttemptInPod, { runnerImage, runnerPullPolicy }: PodSettings): V1Container {
  return {
    name: containers.runner,
    image: runnerImage,
    ...defined({ imagePullPolicy: runnerPullPolicy }),
    command: [`${runnerFolder}/node`, `${runnerFolder}/services/runner/install.ts`, installFolder, tokenFile],
    env: [{ name: 'TRAINYARD_ATTEMPT_TOKEN', value: literally(token) }],
    // Where quotas are, a container without resources is refused.
    resources: {
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { memory: '256Mi' },
    },
    securityContext: unprivileged,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'runner', mountPath: installFolder },
      { name: 'work', mountPath: workFolder },
    ],
  }
}

function programContainer(attempt: AttemptInPod): V1Container {
  const resources = resourcesOf(attempt.placement)
  return {
    name: containers.program,
    image: attempt.image,
    command: [
      `${runnerFolder}/node`,
      `${runnerFolder}/services/runner/main.ts`,
      '--',
      ...attempt.spec.program.command.map(literally),
    ],
    env: environmentOf(attempt),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    securityContext: unprivileged,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'runner', mountPath: runnerFolder, readOnly: true },
      { name: 'work', mountPath: workFolder },
      { name: 'tmp', mountPath: temporaryFolder },
      // What a container has by itself is 64 MiB, too little for the workers of a data loader.
      ...(attempt.placement.gpus === 0 ? [] : [{ name: 'shared-memory', mountPath: '/dev/shm' }]),
    ],
  }
}

const unprivileged = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
}

function environmentOf(attempt: AttemptInPod): V1EnvVar[] {
  const values = {
    TRAINYARD_RUN_API: attempt.runApiUrl,
    TRAINYARD_ATTEMPT: attempt.name,
    TRAINYARD_ATTEMPT_TOKEN_FILE: tokenFile,
    TRAINYARD_WORK_DIR: workFolder,
    TRAINYARD_CLAIM_LIMIT_MS: String(attempt.deadlineMs),
    TRACEPARENT: attempt.traceparent,
    TRAINYARD_IN_CONTAINER: 'true',
    // The image's own cannot be written to.
    HOME: temporaryFolder,
  }
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value: literally(value) })),
    { name: 'TRAINYARD_RUNNER_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
  ]
}

/** Kubernetes would put the value of a variable in place of `$(NAME)`, the token's included; `$$` is a plain `$`. */
function literally(text: string): string {
  return text.replaceAll('$', '$$$$')
}

/**
 * Memory is limited to what was asked for, so that an attempt fails alone. CPU is not: what others leave idle speeds the
 * training up, and costs nobody anything.
 */
function resourcesOf(placement: Placement): NonNullable<V1Container['resources']> {
  const { gpus, cpus, memoryGiB, ephemeralStorageGiB, gpuResource = standardGpuResource } = placement
  const both = defined({
    memory: memoryGiB === undefined ? undefined : gibibytes(memoryGiB),
    'ephemeral-storage': ephemeralStorageGiB === undefined ? undefined : gibibytes(ephemeralStorageGiB),
  })
  const requests = { ...defined({ cpu: cpus === undefined ? undefined : cpuQuantity(cpus) }), ...both }
  const limits = { ...both, ...(gpus === 0 ? {} : { [gpuResource]: String(gpus) }) }
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  }
}

/**
 * GPU nodes are commonly tainted with the resource's name, to keep others off. Many clusters have this borne by whoever asks
 * for the resource, and not all.
 */
function tolerationsOf({ tolerations, gpus, gpuResource = standardGpuResource }: Placement): V1Toleration[] {
  // Kubernetes takes whole seconds.
  const said = tolerations.map(({ tolerationSeconds, ...toleration }) =>
    defined({
      ...toleration,
      tolerationSeconds: tolerationSeconds === undefined ? undefined : Math.ceil(tolerationSeconds),
    }),
  )
  const ownTaint = { key: gpuResource, operator: 'Exists', effect: 'NoSchedule' }
  const isSaid = said.some((toleration) => toleration.operator === 'Exists' && covers(toleration, ownTaint))
  return gpus === 0 || isSaid ? said : [...said, ownTaint]
}

function covers({ key, effect }: V1Toleration, taint: { key: string; effect: string }): boolean {
  return (key === undefined || key === taint.key) && (effect === undefined || effect === taint.effect)
}

function cpuQuantity(cpus: number): string {
  return Number.isInteger(cpus) ? String(upwards(cpus)) : `${upwards(cpus * 1000)}m`
}

function gibibytes(amount: number): string {
  return Number.isInteger(amount) ? `${upwards(amount)}Gi` : `${upwards(amount * 1024)}Mi`
}

/** To the next whole number, and not to one more because 0.1 is no binary fraction. No number so large that it is written with an exponent. */
function upwards(amount: number): number {
  return Math.min(Math.ceil(amount - amount * Number.EPSILON), Number.MAX_SAFE_INTEGER)
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the keys that have no value: those would be other bytes for the same thing. */
function defined<T extends object>(fields: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}
