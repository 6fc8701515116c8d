import { filled } from '../../deploy/manifests/blank.ts'
import { launcherRights, launcherSight } from '../../deploy/manifests/launcher.ts'
import { fromValues, readValues } from '../../deploy/manifests/values.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import type { Cluster } from './cluster.ts'
import { type Account, may } from './may.ts'

/** One verb on one resource. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verb: string
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const values = readValues(new URL('../../deploy/chart/values.yaml', import.meta.url))
const shipped = filled([...launcherRights(fromValues(values)), ...launcherSight()]) as {
  kind: string
  rules?: readonly Rule[]
}[]
const rulesOf = (wanted: string) => shipped.find(({ kind }) => kind === wanted)?.rules ?? []

/** Every single one that an installation gives the launcher. */
export const launcherRightsShipped: readonly Right[] = [...rulesOf('Role'), ...rulesOf('ClusterRole')].flatMap(
  ({ apiGroups: [group = ''], resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
)

const isSame = (one: Pick<Right, 'verb' | 'resource'>, other: Right | undefined): boolean =>
  one.verb === other?.verb && one.resource === other.resource

const api = '/apis/rbac.authorization.k8s.io/v1'

/**
 * Somebody in a namespace of attempts who may do there what the launcher may, and no more, once this resolves.
 * @param without one right less: whoever needs it must notice
 */
export async function makeLauncherAccount(
  t: Ending,
  cluster: Cluster,
  namespace: string,
  without?: Right,
): Promise<Account> {
  const { admin } = cluster
  const name =
    without === undefined ? 'launcher' : `launcher-without-${without.verb}-${without.resource.replace('/', '-')}`
  const clusterWide = `${namespace}-${name}`
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const roleRef = (kind: string, role: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: role })
  const left = (kind: string) =>
    rulesOf(kind)
      .map((rule) => ({
        ...rule,
        verbs: rule.verbs.filter((verb) => !rule.resources.some((resource) => isSame({ verb, resource }, without))),
      }))
      .filter(({ verbs }) => verbs.length > 0)
  await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } })
  await admin.create(`${api}/namespaces/${namespace}/roles`, { metadata: { name }, rules: left('Role') })
  await admin.create(`${api}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: roleRef('Role', name),
    subjects,
  })
  // These belong to no namespace, and do not go with it.
  await admin.create(`${api}/clusterroles`, { metadata: { name: clusterWide }, rules: left('ClusterRole') })
  cleanup(t, () => admin.remove(`${api}/clusterroles/${clusterWide}`))
  await admin.create(`${api}/clusterrolebindings`, {
    metadata: { name: clusterWide },
    roleRef: roleRef('ClusterRole', clusterWide),
    subjects,
  })
  cleanup(t, () => admin.remove(`${api}/clusterrolebindings/${clusterWide}`))
  const account = { namespace, serviceAccount: name }
  for (const right of launcherRightsShipped) {
    const where = right.resource === 'nodes' ? {} : { namespace }
    if (!isSame(right, without)) await eventually(() => may(cluster, account, { ...right, ...where }))
  }
  return account
}
