import { BatchV1Api, KubeConfig, type V1Job } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'

type Request = Parameters<KubeConfig['applySecurityAuthentication']>[0]

/** client-node as anybody would have it, but for its connections: it would open another for every call. */
class PooledKubeConfig extends KubeConfig {
  #pool: Dispatcher | undefined

  override async applySecurityAuthentication(request: Request): Promise<void> {
    await super.applySecurityAuthentication(request)
    this.#pool ??= request.getDispatcher()
    if (this.#pool) request.setDispatcher(this.#pool)
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }
}

export interface PooledClient {
  readonly namespace: string
  createJob(job: V1Job): Promise<unknown>
  close(): Promise<void>
}

export function openPooledClient(kubeconfig: string, namespace: string): PooledClient {
  const config = new PooledKubeConfig()
  config.loadFromFile(kubeconfig)
  const batch = config.makeApiClient(BatchV1Api)
  return {
    namespace,
    createJob: (body) => batch.createNamespacedJob({ namespace, body, fieldValidation: 'Strict' }),
    close: () => config.close(),
  }
}
