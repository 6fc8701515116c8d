import type { V1ConfigMap } from '@kubernetes/client-node'
import type { Open } from './blank.ts'
import { configurationName, environmentName, namespace, ours } from './names.ts'
import type { FromValues, Values } from './values.ts'

/** In the chart. The base has kustomize make the same from files, so that an overlay can put others in their place. */
export function configuration(from: FromValues): Open<V1ConfigMap>[] {
  return [
    configMap(configurationName, { 'trainyard.yaml': from('configuration') }),
    configMap(environmentName, from('environment')),
  ]
}

function configMap(name: string, data: Open<NonNullable<V1ConfigMap['data']>>): Open<V1ConfigMap> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: ours }, data }
}

export const configurationFile = 'trainyard.yaml'
export const environmentFile = 'environment.env'

/** Those files. */
export function configurationFiles({ configuration, environment }: Values): Readonly<Record<string, string>> {
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`)
  return { [configurationFile]: configuration, [environmentFile]: lines.join('') }
}

/** kustomize's orders to make them. */
export const configMapGenerator = [
  { name: configurationName, files: [configurationFile] },
  { name: environmentName, envs: [environmentFile] },
].map((each) => ({ ...each, namespace: namespace.preset, options: { labels: ours } }))
