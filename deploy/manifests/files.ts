/** The texts of the chart and of the base. */
import { stringify } from 'yaml'
import { filled, marked, unmarked } from './blank.ts'
import { configMapGenerator, configuration, configurationFiles } from './configuration.ts'
import { manifests } from './manifests.ts'
import { fromValues, type Values, valuesSchema } from './values.ts'

/** By their paths below `deploy/`. */
export type Files = Readonly<Record<string, string>>

const written = '# Written by deploy/generate.ts from deploy/manifests and deploy/chart/values.yaml.\n'

/** Pure: every file of deploy/ that nobody writes by hand. */
export function files(values: Values): Files {
  return { ...chart(values), ...base(values) }
}

function chart(values: Values): Files {
  const from = fromValues(values)
  const parts = [...manifests(from), { name: 'configuration', objects: configuration(from), onlyIf: undefined }]
  const templates = parts.map(({ name, objects, onlyIf }): [string, string] => {
    const marks: string[] = []
    const text = unmarked(documents(objects.map((object) => marked(object, marks))), marks)
    const whole = onlyIf === undefined ? text : `{{- if ${onlyIf.expression} }}\n${text}{{- end }}\n`
    return [`chart/templates/${name}.yaml`, written + whole]
  })
  const schema = JSON.stringify(valuesSchema(), undefined, 2)
  return { ...Object.fromEntries(templates), 'chart/values.schema.json': `${schema}\n` }
}

function base(values: Values): Files {
  const parts = manifests(fromValues(values))
  const resources = parts.map(({ name, objects }): [string, string] => [
    `kustomize/base/${name}.yaml`,
    written + documents(objects.map(filled)),
  ])
  const configurations = Object.entries(configurationFiles(values)).map(([name, text]): [string, string] => [
    `kustomize/base/${name}`,
    text,
  ])
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    // The chart leaves the namespace that it is installed in to whoever installs it; this one is for a person to write.
    resources: ['namespace.yaml', ...parts.map(({ name }) => `${name}.yaml`)],
    configMapGenerator,
  }
  return {
    ...Object.fromEntries([...resources, ...configurations]),
    'kustomize/base/kustomization.yaml': written + documents([kustomization]),
  }
}

function documents(objects: readonly unknown[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
}
