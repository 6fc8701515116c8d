import { join } from 'node:path'
import type { Names } from './files.ts'

/** Where the parts of a control plane listen, each on this machine alone. */
export interface Ports {
  readonly etcd: number
  readonly etcdPeers: number
  readonly apiServer: number
  readonly controllerManager: number
  readonly scheduler: number
}

/** What a test may turn: everything else is as a cluster has it. */
export interface ControlPlaneOptions {
  /** How long pods without a toleration of their own stay on a node that was lost. */
  readonly defaultTolerationSeconds?: number
  /** Further flags, or the same ones with another value. */
  readonly apiServer?: readonly string[]
  readonly controllerManager?: readonly string[]
}

/** Those that Jobs, their pods and their nodes depend on, and those that namespaces and service accounts do. */
const controllers = [
  'clusterrole-aggregation-controller',
  'deployment-controller',
  'disruption-controller',
  'garbage-collector-controller',
  'job-controller',
  'namespace-controller',
  'node-lifecycle-controller',
  'pod-garbage-collector-controller',
  'replicaset-controller',
  'resourcequota-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'taint-eviction-controller',
  'ttl-after-finished-controller',
]

export function etcdFlags(directory: string, ports: Ports): readonly string[] {
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${ports.etcdPeers}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${ports.etcdPeers}`,
    `--initial-cluster=default=http://127.0.0.1:${ports.etcdPeers}`,
    // What a test writes need not outlive the machine; a killed etcd has it all the same.
    '--unsafe-no-fsync',
    '--watch-progress-notify-interval=5s',
  ]
}

export function apiServerFlags(names: Names, ports: Ports, options: ControlPlaneOptions): readonly string[] {
  const { defaultTolerationSeconds = 1, apiServer = [] } = options
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${names.serverCertificate}`,
    `--tls-private-key-file=${names.serverKey}`,
    `--client-ca-file=${names.authority}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    `--service-account-issuer=https://127.0.0.1:${ports.apiServer}/`,
    `--service-account-key-file=${names.tokenPublicKey}`,
    `--service-account-signing-key-file=${names.tokenPrivateKey}`,
    // By the second a namespace's pods keep to its own nodes, whatever other tests have on the same control plane.
    '--enable-admission-plugins=ExtendedResourceToleration,PodNodeSelector',
    `--default-not-ready-toleration-seconds=${defaultTolerationSeconds}`,
    `--default-unreachable-toleration-seconds=${defaultTolerationSeconds}`,
    // The kubelet's certificate is checked against the authority that signs everything here.
    `--kubelet-certificate-authority=${names.authority}`,
    `--kubelet-client-certificate=${names.adminCertificate}`,
    `--kubelet-client-key=${names.adminKey}`,
    '--kubelet-preferred-address-types=InternalIP',
    ...apiServer,
  ]
}

export function controllerManagerFlags(names: Names, ports: Ports, options: ControlPlaneOptions): readonly string[] {
  const { controllerManager = [] } = options
  return [
    `--kubeconfig=${names.kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${names.serverCertificate}`,
    `--tls-private-key-file=${names.serverKey}`,
    '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics',
    `--controllers=${controllers.join()}`,
    `--service-account-private-key-file=${names.tokenPrivateKey}`,
    `--root-ca-file=${names.authority}`,
    '--node-monitor-period=1s',
    // A machine that is too busy to say that its nodes are well has not lost them. Where one is to be lost, a test says so.
    '--node-monitor-grace-period=300s',
    // However many nodes are lost at once, their pods are taken from them at once.
    '--node-eviction-rate=100',
    '--unhealthy-zone-threshold=1',
    // Its usual limits are for large clusters; a test would only wait for them.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--concurrent-job-syncs=20',
    ...controllerManager,
  ]
}

export function schedulerFlags(names: Names, ports: Ports): readonly string[] {
  return [
    `--kubeconfig=${names.kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.scheduler}`,
    `--tls-cert-file=${names.serverCertificate}`,
    `--tls-private-key-file=${names.serverKey}`,
    '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ]
}
