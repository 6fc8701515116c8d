/**
 * All that the executor asks of a cluster, in the fewest words: one namespace, our Jobs and their pods. What is thrown
 * is a `KubernetesError`, whose failure says what happened; `toTrainyardError` says it to the launcher.
 *
 * Expected ends are values here: an object that is not there is `undefined`, one that is there already is `exists`, and
 * to delete what is gone is no error.
 */
import type { CoreV1Event, V1Job } from '@kubernetes/client-node'
import type { SeenJob, SeenNode, SeenPod } from './kept.ts'

// The rest of the executor speaks of these, and of nothing else that the client has.
export type {
  CoreV1Event,
  V1Affinity,
  V1Container,
  V1ContainerState,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1EnvVar,
  V1Job,
  V1JobCondition,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodCondition,
  V1PodSpec,
  V1Taint,
  V1Toleration,
  V1Volume,
} from '@kubernetes/client-node'
export type { SeenJob, SeenNode, SeenPod } from './kept.ts'

/** A copy of what is in the cluster, kept fresh. Only a hint (D7): nothing is concluded from what it lacks. */
export interface Watching<T> {
  get(name: string): T | undefined
  all(): T[]
  /** Resolves when the first list is complete, however long the cluster is away before; also when it is closed. */
  readonly synced: Promise<void>
  /** False until the first list is complete, and while nothing can be heard of the cluster. */
  isCurrent(): boolean
}

export interface Cluster {
  /** `<server> namespace <name>`: two launchers with the same see the same Jobs. */
  readonly place: string
  readonly namespace: string

  /** What its clock shows, to the second: the times in its objects are by this one. */
  nowMs(): number

  /**
   * Resolves to the Job as it was made. After a lost answer it looks for the name, and what is there is `exists`. A field that
   * the cluster does not know is refused.
   */
  createJob(job: V1Job): Promise<SeenJob | 'exists'>
  /** Straight from the store, never from a cache. `undefined`: it is not there. */
  readJob(name: string): Promise<SeenJob | undefined>
  /** Its pods follow once it is gone. Only the object with this uid; absent is no error. */
  deleteJob(name: string, uid: string): Promise<void>
  /**
   * Takes our finalizer away, and then deletes the Job, unseen. Only the object with this uid. False: it is not as a Job of
   * ours almost always is, with our finalizer alone and not deleted, so it or what it left behind has to be looked at.
   */
  dropJob(name: string, uid: string): Promise<boolean>
  /** Takes our finalizer away, so that a deleted Job may disappear. Only the object with this uid; absent is no error. */
  releaseJob(name: string, uid: string): Promise<void>
  /** Those that are ours, straight from the store. */
  listJobs(): Promise<SeenJob[]>

  /** The pods of a Job, straight from the store. */
  listPods(job: string): Promise<SeenPod[]>
  /** Never by force: with a grace of 0 the cluster would say that what may still run is gone. So at least one second. */
  deletePod(name: string, uid: string, graceSeconds: number): Promise<void>

  /** What was told of these objects, in the order in which it was last seen. */
  listEvents(ofUids: readonly string[]): Promise<CoreV1Event[]>
  /** What was told of Jobs, of whomever, whose pods the cluster refused to make. */
  listRefusals(): Promise<CoreV1Event[]>
  listNodes(): Promise<SeenNode[]>

  /** Says the name of a Job of ours that is new, changed or gone. What `changed` throws is logged and stops nothing. */
  watchJobs(changed: (name: string) => void): Watching<SeenJob>
  /** Says the attempt (the Job's name) whose pod is new, changed or gone. */
  watchPods(changed: (job: string) => void): Watching<SeenPod>

  /** Ends what is watched and every call in flight. */
  close(): Promise<void>
}
