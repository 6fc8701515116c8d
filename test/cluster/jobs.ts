import { eventually } from '../harness/eventually.ts'
import type { Cluster } from './cluster.ts'
import type { Job, List } from './objects.ts'
import type { Pod } from './pods.ts'

export interface JobOptions {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly gpus?: number
  /** The container, beside its name, its image and its resources. */
  readonly container?: object
  /** The pod's specification beside its container. */
  readonly pod?: object
  /** The Job's specification beside its template. */
  readonly job?: object
}

/** A Job of one pod with one container that is tried once. */
export async function createJob({ admin }: Cluster, namespace: string, options: JobOptions): Promise<Job> {
  const { name, labels = {}, gpus = 0, container = {}, pod = {}, job = {} } = options
  const resources = gpus > 0 ? { limits: { 'nvidia.com/gpu': gpus } } : {}
  const spec = {
    restartPolicy: 'Never',
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    containers: [{ name: 'main', image: 'test/any:1', command: ['true'], resources, ...container }],
    ...pod,
  }
  return await admin.create(jobsOf(namespace), {
    metadata: { name, labels },
    spec: { backoffLimit: 0, template: { spec }, ...job },
  })
}

export const getJob = ({ admin }: Cluster, namespace: string, name: string): Promise<Job> =>
  admin.get(`${jobsOf(namespace)}/${name}`)

export async function podsOfJob({ admin }: Cluster, namespace: string, job: string): Promise<readonly Pod[]> {
  const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`)
  return (await admin.get<List<Pod>>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`)).items
}

/** The Job's pod once it is as it should be. */
export async function podThat(
  cluster: Cluster,
  namespace: string,
  job: string,
  holds: (pod: Pod) => unknown,
): Promise<Pod> {
  let pods: readonly Pod[] = []
  const look = async () => {
    pods = await podsOfJob(cluster, namespace, job)
    return pods.find((pod) => holds(pod))
  }
  return await eventually(look).catch((error: unknown) => {
    const found = JSON.stringify(pods.map(({ status }) => status))
    throw new Error(`no pod of ${job} came to be as it should: ${found}`, { cause: error })
  })
}

export const jobsOf = (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`
