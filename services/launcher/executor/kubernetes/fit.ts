/**
 * Whether the nodes that are there can take an attempt, in words for people. Pure, and of use only to say why something
 * waits: the scheduler decides, and a node may be added at any time.
 */

import type { Placement } from '../../../../schemas/job-type.ts'
import type { V1Node, V1Pod } from './client/cluster.ts'
import { standardGpuResource } from './names.ts'
import { affinityWords, hasLabels, isPassing, labelOf, meets, requiredTerms, unborneTaints } from './node-match.ts'
import { resourcesOf, tolerationsOf } from './pod.ts'
import { parseQuantity } from './quantity.ts'

/** Why none of these nodes could ever take it, even with nothing else on it; undefined when one could. */
export function whyNoNodeFits(nodes: readonly V1Node[], placement: Placement): string | undefined {
  if (nodes.length === 0) return 'there is no node'
  const { nodeSelector } = placement
  const labelled = nodes.filter((node) => hasLabels(node, nodeSelector))
  if (labelled.length === 0) return missingLabel(nodes, nodeSelector)

  const terms = requiredTerms(placement)
  const wanted = terms === undefined ? labelled : labelled.filter((node) => meets(node, terms))
  if (terms !== undefined && wanted.length === 0) {
    return `no node${labelled.length === nodes.length ? '' : ' with its labels'} meets the node affinity (${affinityWords(terms)})`
  }

  const open = wanted.filter((node) => lastingTaints(node, placement).length === 0)
  if (open.length === 0) return unborne(wanted, placement)

  const missing = missingResource(open, placement)
  if (missing === undefined) return undefined
  const others = nodes.length - open.length
  return others === 0 ? missing : `${missing} (of ${count(nodes, 'node')}, ${open.length} may be used)`
}

/** How many of the nodes that could take it have its GPUs free now; undefined for one that needs none. */
export function freeGpus(nodes: readonly V1Node[], pods: readonly V1Pod[], placement: Placement): string | undefined {
  const { gpus, gpuResource = standardGpuResource } = placement
  if (gpus === 0) return undefined
  const fitting = nodes.filter((node) => whyNoNodeFits([node], placement) === undefined)
  if (fitting.length === 0) return 'there is no GPU node for it'
  const closed = fitting.filter((node) => isClosed(node, placement))
  const used = usedByNode(pods, gpuResource)
  const free = fitting.filter((node) => {
    const left = allocatable(node, gpuResource) - (used.get(node.metadata?.name ?? '') ?? 0)
    return left >= gpus && !closed.includes(node)
  })
  const words = `${free.length} of ${count(fitting, 'GPU node')} ${fitting.length === 1 ? 'has' : 'have'} ${gpus} free`
  return closed.length === 0 ? words : `${words}; ${closed.length} ${are(closed)} not ready or cordoned off`
}

function missingLabel(nodes: readonly V1Node[], nodeSelector: Readonly<Record<string, string>>): string {
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

function lastingTaints(node: V1Node, placement: Placement): string[] {
  return unborneTaints(node, tolerationsOf(placement))
    .filter((taint) => !isPassing(taint))
    .map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`)
}

function unborne(nodes: readonly V1Node[], placement: Placement): string {
  const taints = [...new Set(nodes.flatMap((node) => lastingTaints(node, placement)))]
  const subject =
    nodes.length === 1 ? 'the node that matches has a taint' : `all ${nodes.length} nodes that match have taints`
  return `${subject} that the placement has no toleration for: ${listed(taints)}`
}

function missingResource(nodes: readonly V1Node[], placement: Placement): string | undefined {
  const needs = needsOf(placement)
  const fits = (node: V1Node): boolean => needs.every(({ resource, amount }) => allocatable(node, resource) >= amount)
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

/** What a node must have for the pod, GPUs first: they are what is missing most often. */
function needsOf(placement: Placement): Need[] {
  const { requests = {}, limits = {} } = resourcesOf(placement)
  const needs = Object.entries({ ...limits, ...requests }).map(([resource, quantity]) => ({
    resource,
    amount: parseQuantity(quantity) ?? 0,
  }))
  const isGpu = ({ resource }: Need): boolean => resource === (placement.gpuResource ?? standardGpuResource)
  return [...needs.filter(isGpu), ...needs.filter((need) => !isGpu(need))]
}

/** A node that has not said what it has, has nothing yet. */
function allocatable({ status }: V1Node, resource: string): number {
  return parseQuantity(status?.allocatable?.[resource] ?? '0') ?? 0
}

function isClosed(node: V1Node, placement: Placement): boolean {
  const isReady = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False'
  return !isReady || node.spec?.unschedulable === true || unborneTaints(node, tolerationsOf(placement)).length > 0
}

function usedByNode(pods: readonly V1Pod[], resource: string): Map<string, number> {
  const used = new Map<string, number>()
  for (const pod of pods) {
    const { nodeName } = pod.spec ?? {}
    const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    if (nodeName !== undefined && !isOver) used.set(nodeName, (used.get(nodeName) ?? 0) + usedBy(pod, resource))
  }
  return used
}

/** Init containers run before the others and leave theirs to them; those that go on beside them (sidecars) do not. */
function usedBy({ spec }: V1Pod, resource: string): number {
  const amount = ({ resources = {} }: NonNullable<typeof spec>['containers'][number]): number =>
    parseQuantity(resources.requests?.[resource] ?? resources.limits?.[resource] ?? '0') ?? 0
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, each) => total + each, 0)
  const { containers = [], initContainers = [] } = spec ?? {}
  const sidecars = sum(initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(amount))
  return Math.max(
    sum(containers.map(amount)) + sidecars,
    ...initContainers.map((container) => amount(container) + (container.restartPolicy === 'Always' ? 0 : sidecars)),
  )
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
const are = (things: readonly unknown[]): string => (things.length === 1 ? 'is' : 'are')
