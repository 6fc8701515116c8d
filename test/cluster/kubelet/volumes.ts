import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Client } from '../client.ts'
import type { Item, Pod, ProjectedSource, Volume } from '../pods.ts'
import { fieldOf, type Place } from './fields.ts'
import { type Sources, Unsupported } from './sources.ts'

/** Where each of a pod's volumes lies on the machine, by its name. */
export type Volumes = ReadonlyMap<string, string>

export interface VolumeContext {
  readonly client: Client
  readonly sources: Sources
  readonly place: Place
  /** Where the volumes of this pod lie. */
  readonly directory: string
}

/** Throws `NotThere` while something that a volume is made of is missing. */
export async function prepareVolumes(pod: Pod, context: VolumeContext): Promise<Volumes> {
  const volumes = new Map<string, string>()
  for (const volume of pod.spec.volumes ?? []) volumes.set(volume.name, await prepare(pod, volume, context))
  return volumes
}

async function prepare(pod: Pod, volume: Volume, context: VolumeContext): Promise<string> {
  if (volume.hostPath) return volume.hostPath.path
  const directory = join(context.directory, volume.name)
  await mkdir(directory, { recursive: true })
  const group = pod.spec.securityContext?.fsGroup
  if (volume.emptyDir) {
    // As a kubelet does: whoever the container runs as may write there.
    await chmod(directory, 0o777)
    if (group !== undefined) await chown(directory, -1, group)
    return directory
  }
  const files = await filesOf(pod, volume, context)
  const mode = modeOf(volume)
  for (const [path, content] of files) {
    const file = join(directory, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { mode })
    await chmod(file, group === undefined ? mode : mode | 0o440)
    if (group !== undefined) await chown(file, -1, group)
  }
  return directory
}

const modeOf = ({ secret, configMap, projected }: Volume) =>
  secret?.defaultMode ?? configMap?.defaultMode ?? projected?.defaultMode ?? 0o644

type Files = readonly (readonly [path: string, content: Buffer | string])[]

async function filesOf(
  pod: Pod,
  { name, secret, configMap, projected }: Volume,
  context: VolumeContext,
): Promise<Files> {
  const { sources } = context
  if (secret) return chosen(await sources.secret(secret.secretName, secret.optional), secret.items)
  if (configMap) return chosen(await sources.configMap(configMap.name, configMap.optional), configMap.items)
  if (!projected) throw new Unsupported(`the test's kubelet does not know what the volume ${name} is made of`)
  return (await Promise.all(projected.sources.map((source) => projectedFiles(pod, source, context)))).flat()
}

async function projectedFiles(pod: Pod, source: ProjectedSource, context: VolumeContext): Promise<Files> {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  if (secret) return chosen(await context.sources.secret(secret.name, secret.optional), secret.items)
  if (configMap) return chosen(await context.sources.configMap(configMap.name, configMap.optional), configMap.items)
  if (serviceAccountToken) {
    const { path, audience, expirationSeconds = 3_600 } = serviceAccountToken
    return [[path, await tokenOf(pod, context.client, { audience, expirationSeconds })]]
  }
  const items = downwardAPI?.items ?? []
  return items.map(({ path, fieldRef }) => [path, fieldRef ? fieldOf(pod, context.place, fieldRef.fieldPath) : ''])
}

function chosen(values: ReadonlyMap<string, Buffer> | undefined, items?: readonly Item[]): Files {
  if (!items) return [...(values ?? [])]
  return items.flatMap(({ key, path }) => {
    const value = values?.get(key)
    return value === undefined ? [] : [[path, value] as const]
  })
}

/** A token of the pod's service account that is void once the pod is gone. */
async function tokenOf(
  { metadata: { namespace, name, uid }, spec }: Pod,
  client: Client,
  { audience, expirationSeconds }: { audience: string | undefined; expirationSeconds: number },
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName ?? 'default'}/token`
  const { status } = await client.create<{ status: { token: string } }>(path, {
    spec: {
      expirationSeconds,
      ...(audience === undefined ? {} : { audiences: [audience] }),
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  })
  return status.token
}
