/** What an installation may set: the shape of deploy/chart/values.yaml, which says what each is for. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { EnvironmentVariables } from '../../services/kit/environment.ts'
import { Blank } from './blank.ts'

/** Set where the manifests know better, or by a Secret. */
const notForPeople = [
  'DATABASE_URL',
  'TRAINYARD_API_TOKEN',
  'TRAINYARD_CONFIG',
  'TRAINYARD_CRASH_AT',
  'TRAINYARD_DATA_DIR',
  'TRAINYARD_EXECUTOR',
  'TRAINYARD_KUBERNETES_NAMESPACE',
  'TRAINYARD_PORT',
  'TRAINYARD_PUBLIC_URL',
  'TRAINYARD_READ_TOKEN',
  'TRAINYARD_RUNNER_PULL_POLICY',
  'TRAINYARD_RUNNER_IMAGE',
  'TRAINYARD_RUN_API_URL',
  'TRAINYARD_STOP_LIMIT_SECONDS',
]
/** Node's own: whom it trusts beside its own list, and what it may use. */
const ofNode = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS']
const variables = [...Object.keys(EnvironmentVariables.shape).filter((name) => !notForPeople.includes(name)), ...ofNode]

const Name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
/** A label of DNS, which a name of most other things may have several of. */
const Namespace = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const Image = z.string().min(1)
const Texts = z.record(z.string(), z.string())
/** What Kubernetes itself defines, and its API server checks. */
const OfKubernetes = z.record(z.string(), z.json())
const Service = z.strictObject({ replicas: z.int().min(0), resources: OfKubernetes })

export const Values = z.strictObject({
  images: z.strictObject({
    services: Image,
    runner: Image,
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(z.strictObject({ name: Name })),
  }),
  configuration: z.string(),
  environment: z.strictObject(Object.fromEntries(variables.map((name) => [name, z.string().optional()]))),
  secrets: z.strictObject({ environment: Name, files: Name }),
  attempts: z.strictObject({ namespace: Namespace, createNamespace: z.boolean(), egress: z.array(OfKubernetes) }),
  networkPolicies: z.strictObject({
    enabled: z.boolean(),
    clients: z.array(OfKubernetes),
    names: OfKubernetes,
    platform: z.array(OfKubernetes),
  }),
  intake: Service.extend({ egress: z.array(OfKubernetes) }),
  launcher: Service.extend({ egress: z.array(OfKubernetes), publicUrl: z.string(), listsNodes: z.boolean() }),
  evaluator: Service,
  promoter: Service,
  console: Service,
  accounts: z.strictObject({ annotations: Texts }),
  podLabels: Texts,
  nodeSelector: Texts,
  tolerations: z.array(OfKubernetes),
  priorityClassName: z.string(),
  /** Helm gives it to a chart within a chart. */
  global: OfKubernetes.optional(),
})
export type Values = z.infer<typeof Values>

export function readValues(file: URL): Values {
  return Values.parse(parse(readFileSync(file, 'utf8')))
}

/** For Helm, which checks with it what a person sets. */
export function valuesSchema(): object {
  return z.toJSONSchema(Values, { target: 'draft-7' })
}

type Path<T> = {
  [K in keyof T & string]: K | (T[K] extends object ? (T[K] extends readonly unknown[] ? K : `${K}.${Path<T[K]>}`) : K)
}[keyof T & string]

/** A blank for a value. */
export type FromValues = (path: Path<Values>) => Blank

export function fromValues(values: Values): FromValues {
  return (path) => {
    const preset = path
      .split('.')
      .reduce<unknown>((parent, key) => (parent as Readonly<Record<string, unknown>>)[key], values)
    return new Blank(`.Values.${path}`, preset as Blank['preset'])
  }
}
