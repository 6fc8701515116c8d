import { Refusal } from '../client.ts'
import type { ClusterYard } from '../yard.ts'

/** What the cluster would say to one who makes a pod with a GPU, or a Job of it, of this job type; undefined: it would take it. */
export async function refusalOf(
  { cluster, namespace }: ClusterYard,
  resource: 'pods' | 'jobs',
  jobType: string,
): Promise<string | undefined> {
  const metadata = { name: 'dry', labels: { 'trainyard.dev/job-type': jobType } }
  try {
    if (resource === 'pods')
      await cluster.admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, { metadata, spec })
    else
      await cluster.admin.create(`/apis/batch/v1/namespaces/${namespace}/jobs?dryRun=All`, {
        metadata,
        spec: { template: { spec } },
      })
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.message
    throw error
  }
}

/** As the restricted pod security standard, which is asked first, wants it. */
const spec = {
  restartPolicy: 'Never',
  securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'dry',
      image: 'dry',
      resources: { limits: { 'nvidia.com/gpu': 1 } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
    },
  ],
}
