import type { V1Container, V1EnvVar, V1PodSpec } from '@kubernetes/client-node'
import type { Open } from './blank.ts'
import { configurationName, environmentName, port } from './names.ts'
import type { FromValues } from './values.ts'

/** By the orders of services/kit/lifecycle.ts: for so long an orderly stop may go on. */
export const stopLimitSeconds = 20
/** For so long a pod goes on answering after it is asked to stop: meanwhile all who would call it hear of that. */
export const lingerSeconds = 5
export const graceSeconds = lingerSeconds + stopLimitSeconds + 10

/** What all pods of ours have in common. They are admitted where the policy is `restricted`. */
export function podOf(from: FromValues, container: Open<V1Container>): Open<V1PodSpec> {
  return {
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    imagePullSecrets: from('images.pullSecrets'),
    containers: [container],
    volumes: [
      { name: 'configuration', configMap: { name: configurationName } },
      // Certificates, passwords: whatever the environment names as a file. An installation without has no such Secret.
      { name: 'files', secret: { secretName: from('secrets.files'), optional: true } },
      { name: 'cache', emptyDir: { sizeLimit: '64Mi' } },
    ],
    nodeSelector: from('nodeSelector'),
    tolerations: from('tolerations'),
    priorityClassName: from('priorityClassName'),
  }
}

/** @param program its file, and its arguments */
export function containerOf(from: FromValues, name: string, program: readonly string[]) {
  return {
    name,
    image: from('images.services'),
    imagePullPolicy: from('images.pullPolicy'),
    args: [...program],
    envFrom: [{ configMapRef: { name: environmentName } }],
    // The last lines of a service that could not start say why: `kubectl describe pod` shows them.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'configuration', mountPath: '/etc/trainyard/configuration', readOnly: true },
      { name: 'files', mountPath: '/etc/trainyard/files', readOnly: true },
      { name: 'cache', mountPath: '/var/cache/trainyard' },
    ],
  } satisfies Open<V1Container>
}

export function environmentOf(from: FromValues): Open<V1EnvVar>[] {
  const secret = (name: string, optional: boolean): Open<V1EnvVar> => ({
    name,
    valueFrom: { secretKeyRef: { name: from('secrets.environment'), key: name, ...(optional && { optional }) } },
  })
  return [
    secret('DATABASE_URL', false),
    secret('TRAINYARD_API_TOKEN', false),
    secret('TRAINYARD_READ_TOKEN', true),
    // It may hold a password. One without may stand in the environment instead.
    secret('SCHEMA_REGISTRY_URL', true),
    { name: 'TRAINYARD_CONFIG', value: '/etc/trainyard/configuration/trainyard.yaml' },
    { name: 'TRAINYARD_PORT', value: String(port) },
    { name: 'TRAINYARD_STOP_LIMIT_SECONDS', value: String(stopLimitSeconds) },
  ]
}
