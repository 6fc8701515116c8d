/** One service: its processes, how they are reached, and how many of them may be away. */
import type { V1Deployment, V1PodDisruptionBudget, V1Probe, V1Service } from '@kubernetes/client-node'
import type { ServiceName } from '../../services/kit/service.ts'
import { accountOf, podLabelsOf } from './account.ts'
import { Blank, type Open } from './blank.ts'
import { launcherEnvironment } from './launcher.ts'
import { labelsOf, nameOf, namespace, port } from './names.ts'
import { containerOf, environmentOf, graceSeconds, lingerSeconds, podOf } from './pod.ts'
import type { FromValues } from './values.ts'

export function serviceManifests(service: ServiceName, from: FromValues) {
  return [accountOf(service, from), deploymentOf(service, from), endpointOf(service), budgetOf(service)]
}

const metadataOf = (service: ServiceName) => ({ name: nameOf(service), namespace, labels: labelsOf(service) })

/**
 * Nothing migrates the database before: each process brings it up to date as it starts, several at once take turns, and
 * one that fails changes nothing (services/kit/store/migrate.ts). A Job before the upgrade would do the same once more,
 * and the processes of before would run on the new shape just as long.
 */
function deploymentOf(service: ServiceName, from: FromValues): Open<V1Deployment> {
  const labels = labelsOf(service)
  const usesKubernetes = service === 'launcher'
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(service),
    spec: {
      replicas: from(`${service}.replicas`),
      revisionHistoryLimit: 5,
      selector: { matchLabels: labels },
      // A process that is to go goes when the one in its place works.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      progressDeadlineSeconds: startLimitSeconds + 60,
      template: {
        metadata: { labels: podLabelsOf(service, from), annotations: { 'checksum/configuration': checksum } },
        spec: {
          ...podOf(from, {
            ...containerOf(from, service, [`services/${service}/main.ts`]),
            env: [...environmentOf(from), ...(usesKubernetes ? launcherEnvironment(from) : [])],
            ports: [{ name: 'http', containerPort: port }],
            resources: from(`${service}.resources`),
            ...probes,
            lifecycle: { preStop: { sleep: { seconds: lingerSeconds } } },
          }),
          serviceAccountName: nameOf(service),
          automountServiceAccountToken: usesKubernetes,
          terminationGracePeriodSeconds: graceSeconds,
          topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: labels },
            // Those of before are about to go, and do not count.
            matchLabelKeys: ['pod-template-hash'],
          })),
        },
      },
    },
  }
}

/** Processes read their configuration when they start. The base has names by content instead. */
const checksum = new Blank('(sha256sum (printf "%s%s" (toJson .Values.environment) .Values.configuration))', undefined)

/** A migration over a long history takes its time, and one that is cut off begins anew. */
const startLimitSeconds = 600

const probe = (path: string, periodSeconds: number, failureThreshold: number): V1Probe => ({
  httpGet: { path, port: 'http' },
  periodSeconds,
  timeoutSeconds: 5,
  failureThreshold,
})

const probes = {
  startupProbe: probe('/health/live', 2, startLimitSeconds / 2),
  // Everything has started, and PostgreSQL answers. Kafka is no part of it: posted events are taken while it is away.
  readinessProbe: probe('/health/ready', 5, 2),
  // The process still turns. It asks nobody else: a restart mends nothing that is wrong elsewhere.
  livenessProbe: probe('/health/live', 10, 6),
}

function endpointOf(service: ServiceName): Open<V1Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(service),
    spec: {
      selector: labelsOf(service),
      ports: [{ name: 'http', port, targetPort: 'http', appProtocol: 'http' }],
    },
  }
}

function budgetOf(service: ServiceName): Open<V1PodDisruptionBudget> {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(service),
    spec: {
      selector: { matchLabels: labelsOf(service) },
      // Not "at least one": a service with one replica would keep its node from ever being emptied.
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }
}
