/**
 * Whether the nodes that are there can take an attempt, in words for people. Pure, and of use only to say why something
 * waits: the scheduler decides, and a node may be added at any time.
 */

import type { SeenNode, V1Container, V1PodSpec } from './client/cluster.ts'
import { affinityWords, hasLabels, isPassing, labelOf, meets, requiredTerms, unborneTaints } from './node-match.ts'
import { parseQuantity } from './quantity.ts'

/** What of a pod says which nodes can take it; its init containers need less than what they prepare for. */
export type PodNeeds = Pick<V1PodSpec, 'nodeSelector' | 'affinity' | 'tolerations'> & {
  containers: Pick<V1Container, 'name' | 'resources'>[]
}

/** Why none of these nodes could ever take it, even with nothing else on it; undefined when one could. */
export function whyNoNodeFits(nodes: readonly SeenNode[], pod: PodNeeds): string | undefined {
  if (nodes.length === 0) return 'there is no node'
  const { nodeSelector = {} } = pod
  const labelled = nodes.filter((node) => hasLabels(node, nodeSelector))
  if (labelled.length === 0) return missingLabel(nodes, nodeSelector)

  const terms = requiredTerms(pod.affinity)
  const wanted = terms === undefined ? labelled : labelled.filter((node) => meets(node, terms))
  if (terms !== undefined && wanted.length === 0) {
    return `no node${labelled.length === nodes.length ? '' : ' with its labels'} meets the node affinity (${affinityWords(terms)})`
  }

  const open = wanted.filter((node) => lastingTaints(node, pod).length === 0)
  if (open.length === 0) return unborne(wanted, pod)

  const missing = missingResource(open, pod)
  if (missing === undefined) return undefined
  const others = nodes.length - open.length
  return others === 0 ? missing : `${missing} (of ${count(nodes, 'node')}, ${open.length} may be used)`
}

function missingLabel(nodes: readonly SeenNode[], nodeSelector: Readonly<Record<string, string>>): string {
  const wanted = Object.entries(nodeSelector)
  const nowhere = wanted.find(([label, value]) => nodes.every((node) => labelOf(node, label) !== value))
  if (nowhere === undefined) {
    return `no node has all of the labels ${wanted.map(([label, value]) => `${label}=${value}`).join(', ')}`
  }
  const [label, value] = nowhere
  const others = Map.groupBy(
    nodes.filter((node) => labelOf(node, label) !== undefined),
    (node) => labelOf(node, label) ?? '',
  )
  if (others.size === 0) return `no node has the label ${label}=${value}; none has ${label} at all`
  return `no node has the label ${label}=${value}; ${listed([...others].map(([other, those]) => `${count(those, 'node')} ${have(those)} ${label}=${other}`))}`
}

function lastingTaints(node: SeenNode, { tolerations = [] }: PodNeeds): string[] {
  return unborneTaints(node, tolerations)
    .filter((taint) => !isPassing(taint))
    .map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`)
}

function unborne(nodes: readonly SeenNode[], pod: PodNeeds): string {
  const taints = [...new Set(nodes.flatMap((node) => lastingTaints(node, pod)))]
  const subject =
    nodes.length === 1 ? 'the node that matches has a taint' : `all ${nodes.length} nodes that match have taints`
  return `${subject} that the placement has no toleration for: ${listed(taints)}`
}

function missingResource(nodes: readonly SeenNode[], pod: PodNeeds): string | undefined {
  const needs = needsOf(pod)
  const fits = (node: SeenNode): boolean => needs.every(({ resource, amount }) => allocatable(node, resource) >= amount)
  if (nodes.some(fits)) return undefined
  for (const { resource, amount } of needs) {
    const largest = Math.max(...nodes.map((node) => allocatable(node, resource)))
    if (largest >= amount) continue
    const { number, unit } = amountWords(resource, amount)
    const asked = `${number} ${amount === 1 ? 'is' : 'are'} asked for`
    if (largest === 0) return `no node has any ${unit}, and ${asked}`
    const has = amountWords(resource, largest)
    return `a node has at most ${has.number} ${has.unit}, and ${asked}`
  }
  const all = needs.map(({ resource, amount }) => amountWords(resource, amount))
  return `no node has ${all.map(({ number, unit }) => `${number} ${unit}`).join(' and ')} at once`
}

type Need = { resource: string; amount: number }

/** What a node must have for the pod, devices first: they are what is missing most often. */
function needsOf({ containers }: PodNeeds): Need[] {
  const amounts = new Map<string, number>()
  // Others may have added containers of their own.
  for (const { resources: { limits = {}, requests = {} } = {} } of containers)
    for (const [resource, quantity] of Object.entries({ ...limits, ...requests }))
      amounts.set(resource, (amounts.get(resource) ?? 0) + (parseQuantity(quantity) ?? 0))
  const needs = [...amounts].map(([resource, amount]) => ({ resource, amount }))
  const isDevice = ({ resource }: Need): boolean => resource.includes('/')
  return [...needs.filter(isDevice), ...needs.filter((need) => !isDevice(need))]
}

/** A node that has not said what it has, has nothing yet. */
function allocatable({ status }: SeenNode, resource: string): number {
  return parseQuantity(status?.allocatable?.[resource] ?? '0') ?? 0
}

const gibibyte = 2 ** 30

function amountWords(resource: string, amount: number): { number: string; unit: string } {
  switch (resource) {
    case 'cpu':
      return { number: rounded(amount), unit: amount === 1 ? 'CPU' : 'CPUs' }
    case 'memory':
      return { number: rounded(amount / gibibyte), unit: 'GiB of memory' }
    case 'ephemeral-storage':
      return { number: rounded(amount / gibibyte), unit: 'GiB of local disk' }
    default:
      return { number: rounded(amount), unit: resource }
  }
}

/** To two places, without zeros that say nothing. */
function rounded(amount: number): string {
  return String(Number(amount.toFixed(2)))
}

const longestList = 3

function listed(words: readonly string[]): string {
  const further = words.length - longestList
  return further > 0 ? `${words.slice(0, longestList).join(', ')} and ${further} more` : words.join(', ')
}

function count(things: readonly unknown[], name: string): string {
  return `${things.length} ${name}${things.length === 1 ? '' : 's'}`
}

const have = (things: readonly unknown[]): string => (things.length === 1 ? 'has' : 'have')
