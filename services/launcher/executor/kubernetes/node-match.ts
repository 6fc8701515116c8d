/** Which nodes a placement points at, by the scheduler's rules: labels, required node affinity, and taints that are borne. */

import { z } from 'zod'
import type { SeenNode, V1Affinity, V1Taint, V1Toleration } from './client/cluster.ts'

export function hasLabels(node: SeenNode, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([label, value]) => labelOf(node, label) === value)
}

export function labelOf({ metadata }: SeenNode, label: string): string | undefined {
  const { labels = {} } = metadata ?? {}
  return Object.hasOwn(labels, label) ? labels[label] : undefined
}

const Requirement = z.object({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).default([]),
})
type Requirement = z.infer<typeof Requirement>

const Term = z.object({
  matchExpressions: z.array(Requirement).default([]),
  matchFields: z.array(Requirement).default([]),
})
type Term = z.infer<typeof Term>

const RequiredAffinity = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z.object({ nodeSelectorTerms: z.array(Term) }),
})

/** One of these must hold. Undefined without any, and when they are not understood: then the API server has the say. */
export function requiredTerms(affinity: V1Affinity | undefined): readonly Term[] | undefined {
  const { data } = RequiredAffinity.safeParse(affinity?.nodeAffinity)
  return data?.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
}

export function meets(node: SeenNode, terms: readonly Term[]): boolean {
  return terms.some(({ matchExpressions, matchFields }) => {
    if (matchExpressions.length + matchFields.length === 0) return false
    return (
      matchExpressions.every((requirement) => holds(labelOf(node, requirement.key), requirement)) &&
      matchFields.every((requirement) => holds(fieldOf(node, requirement.key), requirement))
    )
  })
}

/** The only field that may be asked for. */
function fieldOf(node: SeenNode, field: string): string | undefined {
  return field === 'metadata.name' ? node.metadata?.name : undefined
}

function holds(value: string | undefined, { operator, values }: Requirement): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return compare(value, values[0]) > 0
    case 'Lt':
      return compare(value, values[0]) < 0
  }
}

/** NaN, which is neither more nor less, where one of them is no whole number. */
function compare(value = '', bound = ''): number {
  const isWhole = [value, bound].every((text) => /^[+-]?\d+$/.test(text))
  return isWhole ? Number(value) - Number(bound) : Number.NaN
}

export function affinityWords(terms: readonly Term[]): string {
  const words = terms.map(({ matchExpressions, matchFields }) =>
    [...matchExpressions, ...matchFields].map(requirementWords).join(' and '),
  )
  return words.filter((text) => text !== '').join(', or ') || 'nothing'
}

function requirementWords({ key, operator, values }: Requirement): string {
  const list = values.join(' or ')
  switch (operator) {
    case 'In':
      return `${key} ${list}`
    case 'NotIn':
      return `${key} not ${list}`
    case 'Exists':
      return `${key} there`
    case 'DoesNotExist':
      return `${key} not there`
    case 'Gt':
      return `${key} > ${list}`
    case 'Lt':
      return `${key} < ${list}`
  }
}

/** The taints that keep the attempt off a node. */
export function unborneTaints(node: SeenNode, tolerations: readonly V1Toleration[]): V1Taint[] {
  return (node.spec?.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((toleration) => bears(toleration, taint)),
  )
}

/** Set by the cluster itself while a node is not ready, under pressure or cordoned off, and taken away again. */
export function isPassing({ key }: V1Taint): boolean {
  return /^node(\.cloudprovider)?\.kubernetes\.io\//.test(key)
}

/** Nobody hears of it, so nobody knows what goes on there. */
export function isLost({ spec }: SeenNode): boolean {
  return spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/unreachable') === true
}

function bears({ key, operator, value = '', effect }: V1Toleration, taint: V1Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false
  if (operator === 'Exists') return key === undefined || key === taint.key
  return key === taint.key && value === (taint.value ?? '')
}
