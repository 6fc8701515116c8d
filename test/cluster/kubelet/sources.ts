import { type Client, Refusal } from '../client.ts'
import type { ConfigMap, Secret } from '../objects.ts'

/** What pods take from secrets and config maps of their namespace. */
export interface Sources {
  /** Undefined where there is none and there need not be. */
  secret(name: string, optional?: boolean): Promise<ReadonlyMap<string, Buffer> | undefined>
  configMap(name: string, optional?: boolean): Promise<ReadonlyMap<string, Buffer> | undefined>
}

/** Something that a pod names is not there (yet): its containers wait for it. */
export class NotThere extends Error {}

/** A kubelet could do it, and this one cannot: the test is told at once. */
export class Unsupported extends Error {}

export function makeSources(client: Client, namespace: string): Sources {
  async function read<T>(kind: string, name: string, optional = false): Promise<T | undefined> {
    try {
      return await client.get<T>(`/api/v1/namespaces/${namespace}/${kind}s/${name}`)
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error
      if (optional) return undefined
      throw new NotThere(`${kind} "${name}" not found`)
    }
  }

  const decoded = (data: Readonly<Record<string, string>> = {}, encoding: BufferEncoding) =>
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)] as const)

  return {
    async secret(name, optional) {
      const secret = await read<Secret>('secret', name, optional)
      return secret && new Map(decoded(secret.data, 'base64'))
    },
    async configMap(name, optional) {
      const map = await read<ConfigMap>('configmap', name, optional)
      return map && new Map([...decoded(map.data, 'utf8'), ...decoded(map.binaryData, 'base64')])
    },
  }
}
