import type { Cluster } from './cluster.ts'

export interface Account {
  readonly namespace: string
  readonly serviceAccount: string
}

export interface Deed {
  readonly verb: string
  readonly resource: string
  readonly subresource?: string | undefined
  readonly group?: string
  /** In the whole cluster if none is named. */
  readonly namespace?: string
}

/** Whether a service account may do something. The API server learns of a rule a moment after it is made. */
export async function may({ admin }: Cluster, { namespace, serviceAccount }: Account, deed: Deed): Promise<boolean> {
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  const { status } = await admin.create<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { spec: { user, groups, resourceAttributes: deed } },
  )
  return status.allowed
}
