/** The reference page of `trainyard.yaml` and its JSON Schema for editors, both from the zod schema. */

import { z } from 'zod'
import { Configuration } from '../configuration/schema.ts'
import { defaultText } from '../configuration.ts'

const introduction = `# trainyard.yaml

<!-- Written by schemas/generate.ts from schemas/configuration/schema.ts. -->

One file says what is trained, where, when and by which rule a model is put in force. Units are in the names. Unknown keys
are errors; every error names file, line, field and what was expected, all at once. Check a file with
\`trainyard config check\`. For completion in an editor, begin the file with

    # yaml-language-server: $schema=docs/reference/trainyard.schema.json

Where there is no file, this one holds:

${defaultText
  .trimEnd()
  .split('\n')
  .map((line) => (line === '' ? '' : `    ${line}`))
  .join('\n')}

Event fields are named by JSON pointers (RFC 6901) into the CloudEvent as structured JSON: \`/type\`, \`/subject\`,
\`/data/botId\`.
`

/** The part of JSON Schema that zod writes for the configuration. */
const Node = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  default: z.json().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), Node).optional()
  },
  get items() {
    return Node.optional()
  },
  get additionalProperties() {
    return z.union([z.boolean(), Node]).optional()
  },
})
type Node = z.infer<typeof Node>

function jsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(Configuration, { io: 'input' })
}

export function configurationSchemaJson(): string {
  return `${JSON.stringify({ title: 'trainyard.yaml', ...jsonSchema() }, null, 2)}\n`
}

export function configurationPage(): string {
  const { properties = {} } = Node.parse(jsonSchema())
  return [introduction, ...Object.entries(properties).map(([name, node]) => section(name, node))].join('\n')
}

function section(name: string, node: Node): string {
  return [
    `## ${name}`,
    '',
    node.description ?? '',
    '',
    '| field | value | default | meaning |',
    '|---|---|---|---|',
    ...rows(node, name),
    '',
  ].join('\n')
}

/** A row per field, outer before inner; what has fields of its own has no value to show. */
function rows(node: Node, path: string): string[] {
  const { properties, items, additionalProperties, required = [] } = node
  if (items !== undefined) return rows(items, `${path}[]`)
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, field]) => [
      row(`${path}.${name}`, field, required.includes(name)),
      ...rows(field, `${path}.${name}`),
    ])
  }
  return typeof additionalProperties === 'object' ? rows(additionalProperties, `${path}.<name>`) : []
}

function row(path: string, node: Node, isRequired: boolean): string {
  const standard =
    node.default === undefined || node.properties !== undefined ? '' : `\`${JSON.stringify(node.default)}\``
  return `| \`${path}\` | ${valueWords(node)} | ${isRequired ? 'required' : standard} | ${node.description ?? ''} |`
}

function valueWords(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(', ')
  if (node.items !== undefined)
    return node.items.properties === undefined ? `list of ${valueWords(node.items)}s` : 'list'
  if (node.type === 'object') return 'mapping'
  if (node.type === 'integer') return `whole number${range(node)}`
  if (node.type === 'number') return `number${range(node)}`
  return node.type === 'boolean' ? '`true`, `false`' : 'text'
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Node): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  if (minimum !== undefined) return isBounded ? ` from ${minimum} to ${maximum}` : ` ≥ ${minimum}`
  if (exclusiveMinimum === undefined) return ''
  return exclusiveMaximum === undefined
    ? ` > ${exclusiveMinimum}`
    : ` between ${exclusiveMinimum} and ${exclusiveMaximum}`
}
