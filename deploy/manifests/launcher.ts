/** What the launcher alone has: the way to the API server, and what it may do there. */
import type { V1ClusterRole, V1ClusterRoleBinding, V1EnvVar, V1Role, V1RoleBinding } from '@kubernetes/client-node'
import { type Open, orElse, text } from './blank.ts'
import { attemptsNamespace, labelsOf, nameOf, namespace, port } from './names.ts'
import type { FromValues } from './values.ts'

const name = nameOf('launcher')
const url = text`http://${name}.${namespace}.svc:${port}`

export function launcherEnvironment(from: FromValues): Open<V1EnvVar>[] {
  return [
    { name: 'TRAINYARD_EXECUTOR', value: 'kubernetes' },
    { name: 'TRAINYARD_KUBERNETES_NAMESPACE', value: attemptsNamespace(from) },
    { name: 'TRAINYARD_RUNNER_IMAGE', value: from('images.runner') },
    { name: 'TRAINYARD_RUNNER_PULL_POLICY', value: from('images.pullPolicy') },
    { name: 'TRAINYARD_RUN_API_URL', value: url },
    { name: 'TRAINYARD_PUBLIC_URL', value: orElse(from('launcher.publicUrl'), url) },
  ]
}

/** Rights in the namespace of the attempts, and not in that of the services: who may make a Job may use every Secret beside it. */
export function launcherRights(from: FromValues) {
  return [role(from), roleBinding(from)]
}

/** Without it nobody is told that no node can take an attempt, nor that the node of one is lost: it only explains. */
export const launcherSight = () => [clusterRole, clusterRoleBinding]

const labels = labelsOf('launcher')
const account = { kind: 'ServiceAccount', name, namespace }

function role(from: FromValues): Open<V1Role> {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace: attemptsNamespace(from), labels },
    rules: [
      // To patch is to take the finalizer off a Job whose logs are stored.
      {
        apiGroups: ['batch'],
        resources: ['jobs'],
        verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list'] },
    ],
  }
}

function roleBinding(from: FromValues): Open<V1RoleBinding> {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: attemptsNamespace(from), labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [account],
  }
}

/** Nodes belong to no namespace. With that of the services in its name, another Trainyard's role is another one. */
const clusterRoleName = text`${namespace}-launcher-nodes`

const clusterRole: Open<V1ClusterRole> = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: clusterRoleName, labels },
  rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
}

const clusterRoleBinding: Open<V1ClusterRoleBinding> = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: clusterRoleName, labels },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRoleName },
  subjects: [account],
}
