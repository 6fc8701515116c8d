/** Which cluster, as whom, and in which namespace. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { badInput, messageOf } from '../../../../kit/errors.ts'
import { namespaceName } from '../../../../kit/kubernetes-environment.ts'

export interface ClusterChoice {
  /** A kubeconfig file. Without one: `KUBECONFIG`, the account of the pod that this runs in, `~/.kube/config`. */
  readonly kubeconfig?: string | undefined
  /** A context of the kubeconfig; without one its current context. */
  readonly context?: string | undefined
  /** Without one: that of the context or of the account, or `default`. */
  readonly namespace?: string | undefined
}

export interface Configured {
  readonly config: KubeConfig
  /** Without a slash at the end. */
  readonly server: string
  readonly namespace: string
}

/** @throws badInput when there is none, or it cannot be understood */
export function configure(choice: ClusterChoice, environment: NodeJS.ProcessEnv = process.env): Configured {
  const config = load(choice, environment)
  if (choice.context !== undefined) {
    if (!config.getContextObject(choice.context)) {
      throw badInput(`the kubeconfig has no context ${choice.context}`, {
        hint: `It has: ${
          config
            .getContexts()
            .map((context) => context.name)
            .join(', ') || 'none'
        }.`,
      })
    }
    config.setCurrentContext(choice.context)
  }
  const cluster = config.getCurrentCluster()
  if (!cluster) {
    throw badInput('the kubeconfig names no cluster', {
      hint: 'Give it a current-context whose cluster it holds, or name a context.',
    })
  }
  if (cluster.proxyUrl?.startsWith('socks')) {
    throw badInput(`the cluster is behind a SOCKS proxy (${cluster.proxyUrl}), which Trainyard cannot use`, {
      hint: 'Use an HTTP proxy as proxy-url.',
    })
  }
  if (!/^https?:$/.test(URL.parse(cluster.server)?.protocol ?? '')) {
    throw badInput(`the cluster's server ${cluster.server} is not the address of one`, {
      hint: 'Write it in the kubeconfig with https:// in front.',
    })
  }
  const named = choice.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace
  const namespace = named?.trim() || 'default'
  if (!namespaceName.test(namespace)) {
    throw badInput(`"${namespace}" cannot be the name of a namespace`, {
      hint: 'Change that of the context in the kubeconfig, or set TRAINYARD_KUBERNETES_NAMESPACE.',
    })
  }
  return { config, server: cluster.server.replace(/\/+$/, ''), namespace }
}

function load(choice: ClusterChoice, environment: NodeJS.ProcessEnv): KubeConfig {
  const config = new KubeConfig()
  const home = join(environment['HOME'] || homedir(), '.kube', 'config')
  const file = choice.kubeconfig ?? environment['KUBECONFIG']
  try {
    if (file) config.loadFromFile(file)
    else if (environment['KUBERNETES_SERVICE_HOST']) config.loadFromCluster()
    else if (existsSync(home)) config.loadFromFile(home)
    else throw new Error('there is neither a kubeconfig nor an account of a pod')
  } catch (error) {
    throw badInput(`cannot tell which cluster to use: ${messageOf(error)}`, {
      hint: 'Set KUBECONFIG to one kubeconfig file, or run in a pod with a service account.',
      cause: error,
    })
  }
  return config
}
