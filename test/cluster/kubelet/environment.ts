import type { Container, EnvironmentVariable, KeyReference, Pod } from '../pods.ts'
import { fieldOf, type Place } from './fields.ts'
import type { Image } from './images.ts'
import { NotThere, type Sources } from './sources.ts'

/** What a container finds in its environment, and its command with those values in it. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>
  readonly command: readonly string[]
}

export async function surroundingsOf(
  pod: Pod,
  container: Container,
  place: Place,
  sources: Sources,
  image: Image,
  given: Readonly<Record<string, string>>,
): Promise<Surroundings> {
  const environment: Record<string, string> = { ...image.environment, ...given, HOSTNAME: pod.metadata.name }
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const values = secretRef
      ? await sources.secret(secretRef.name, secretRef.optional)
      : configMapRef && (await sources.configMap(configMapRef.name, configMapRef.optional))
    for (const [key, value] of values ?? []) environment[prefix + key] = value.toString()
  }
  for (const variable of container.env ?? []) {
    const value = await givenValue(pod, variable, place, sources)
    if (value !== undefined) environment[variable.name] = expanded(value, environment)
  }
  const own = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expanded(word, environment))
  // Who names a program of the image's does without what the image would have it do.
  const program = container.command === undefined ? image.entrypoint : []
  const unasked = container.command === undefined && container.args === undefined ? image.command : []
  return { environment, command: [...program, ...own, ...unasked] }
}

async function givenValue(
  pod: Pod,
  { value = '', valueFrom }: EnvironmentVariable,
  place: Place,
  sources: Sources,
): Promise<string | undefined> {
  if (valueFrom?.fieldRef) return fieldOf(pod, place, valueFrom.fieldRef.fieldPath)
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
  if (secretKeyRef) return keyOf(await sources.secret(secretKeyRef.name, secretKeyRef.optional), secretKeyRef)
  if (configMapKeyRef)
    return keyOf(await sources.configMap(configMapKeyRef.name, configMapKeyRef.optional), configMapKeyRef)
  return value
}

function keyOf(values: ReadonlyMap<string, Buffer> | undefined, { name, key, optional }: KeyReference) {
  const value = values?.get(key)
  if (value === undefined && !optional) throw new NotThere(`couldn't find key ${key} in ${name}`)
  return value?.toString()
}

/** `$(NAME)` is what the variable holds, `$$` a dollar; what names no variable stays as it is. */
function expanded(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]+)\)/g, (found, name?: string) =>
    name === undefined ? '$' : (environment[name] ?? found),
  )
}
