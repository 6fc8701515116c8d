import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { V1Node, V1Taint } from '@kubernetes/client-node'
import fc from 'fast-check'
import { whyNoNodeFits } from '../../../../services/launcher/executor/kubernetes/fit.ts'
import { parseQuantity } from '../../../../services/launcher/executor/kubernetes/quantity.ts'
import { podOf } from './given.ts'

type NodeParts = {
  labels?: Record<string, string>
  taints?: V1Taint[]
  allocatable?: Record<string, string>
  unschedulable?: boolean
  ready?: 'True' | 'False' | 'Unknown'
}

let made = 0
function node({ labels = {}, taints = [], allocatable, unschedulable, ready = 'True' }: NodeParts = {}): V1Node {
  made += 1
  return {
    metadata: { name: `node-${made}`, labels },
    spec: { taints, ...(unschedulable === undefined ? {} : { unschedulable }) },
    status: {
      allocatable: { cpu: '16', memory: '64Gi', 'ephemeral-storage': '100Gi', pods: '110', ...allocatable },
      conditions: [{ type: 'Ready', status: ready }],
    },
  }
}

const product = 'nvidia.com/gpu.product'
const gpuTaint = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }
const gpuNode = (gpus: number, parts: NodeParts = {}): V1Node =>
  node({
    ...parts,
    labels: { [product]: 'H100', ...parts.labels },
    taints: [gpuTaint, ...(parts.taints ?? [])],
    allocatable: { 'nvidia.com/gpu': String(gpus), ...parts.allocatable },
  })
const a100 = gpuNode(8, { labels: { [product]: 'A100' } })
const affinityOf = (...nodeSelectorTerms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
})
const affinity = (...matchExpressions: object[]) => affinityOf({ matchExpressions })

test('what others have added to a pod counts, wherever they put it', () => {
  const requests = (cpu: string) => ({ name: 'any', resources: { requests: { cpu } } })
  const why = (...cpus: string[]) => whyNoNodeFits([node()], { containers: cpus.map(requests) })
  assert.equal(why('1', '15'), undefined)
  assert.equal(why('1500m', '15'), 'a node has at most 16 CPUs, and 16.5 are asked for')
})

describe('a placement that a node can take has nothing against it:', () => {
  const fitting: [string, V1Node[], object][] = [
    ['one that asks for nothing', [node()], {}],
    ['one node of many', [node(), a100, gpuNode(8)], { nodeSelector: { [product]: 'H100' }, gpus: 8 }],
    ['all that a node has', [node()], { cpus: 16, memoryGiB: 64, ephemeralStorageGiB: 100 }],
    ['a GPU node is tainted so that only who asks for GPUs goes there', [gpuNode(1)], { gpus: 1 }],
    [
      'amounts are compared, not texts',
      [node({ allocatable: { cpu: '7910m', memory: '32844396Ki' } })],
      { cpus: 7.91, memoryGiB: 31.25 },
    ],
    [
      'a taint is borne by its value',
      [node({ taints: [{ key: 'team', value: 'a', effect: 'NoExecute' }] })],
      { tolerations: [{ key: 'team', operator: 'Equal', value: 'a' }] },
    ],
    [
      'and by its value where no operator is said',
      [node({ taints: [{ key: 'team', value: 'a', effect: 'NoExecute' }] })],
      { tolerations: [{ key: 'team', value: 'a', effect: 'NoExecute' }] },
    ],
    [
      'every taint is borne',
      [node({ taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] })],
      { tolerations: [{ operator: 'Exists' }] },
    ],
    ['a taint that only makes a node less liked', [node({ taints: [{ key: 'a', effect: 'PreferNoSchedule' }] })], {}],
    [
      'a node that is cordoned off or not ready for now',
      [
        node({
          unschedulable: true,
          ready: 'False',
          taints: ['unschedulable', 'not-ready'].map((name) => ({
            key: `node.kubernetes.io/${name}`,
            effect: 'NoSchedule',
          })),
        }),
      ],
      {},
    ],
    [
      'another GPU resource',
      [gpuNode(0, { allocatable: { 'nvidia.com/mig-3g.20gb': '2' } })],
      { gpus: 2, gpuResource: 'nvidia.com/mig-3g.20gb', tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }] },
    ],
    [
      'node affinity in which all expressions hold',
      [node({ labels: { zone: 'a', size: '7' } })],
      {
        affinity: affinity(
          { key: 'zone', operator: 'In', values: ['b', 'a'] },
          { key: 'zone', operator: 'NotIn', values: ['c'] },
          { key: 'other', operator: 'NotIn', values: ['c'] },
          { key: 'zone', operator: 'Exists' },
          { key: 'other', operator: 'DoesNotExist' },
          { key: 'size', operator: 'Gt', values: ['6'] },
          { key: 'size', operator: 'Lt', values: ['10'] },
        ),
      },
    ],
    [
      'node affinity of which one term holds',
      [node({ labels: { zone: 'a' } })],
      {
        affinity: affinityOf(
          { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] },
          { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] },
        ),
      },
    ],
    [
      'node affinity by name',
      [{ ...node(), metadata: { name: 'gpu-7' } }],
      { affinity: affinityOf({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gpu-7'] }] }) },
    ],
    ['affinity that only prefers', [node()], { affinity: { nodeAffinity: { preferred: [] }, podAffinity: {} } }],
    [
      'affinity that is not understood is for the API server to refuse',
      [node()],
      { affinity: affinity({ key: 'a', operator: 'Near' }) },
    ],
  ]
  for (const [what, nodes, parts] of fitting) {
    test(what, () => assert.equal(whyNoNodeFits(nodes, podOf(parts)), undefined))
  }
})

describe('a placement that no node can ever take is told of in plain words:', () => {
  const wanted = { [product]: 'H100' }
  const unfitting: [string, V1Node[], object, string][] = [
    ['there is none', [], {}, 'there is no node'],
    [
      'a label has other values',
      [node(), a100, a100, gpuNode(1, { labels: { [product]: 'L4' } })],
      { nodeSelector: wanted, gpus: 1 },
      'no node has the label nvidia.com/gpu.product=H100; 2 nodes have nvidia.com/gpu.product=A100, 1 node has nvidia.com/gpu.product=L4',
    ],
    [
      'a label has many other values',
      ['1', '2', '3', '4', '5'].map((zone) => node({ labels: { zone } })),
      { nodeSelector: { zone: '6' } },
      'no node has the label zone=6; 1 node has zone=1, 1 node has zone=2, 1 node has zone=3 and 2 more',
    ],
    [
      'a label is unknown, also if every object has a field of its name',
      [node()],
      { nodeSelector: { constructor: 'a' } },
      'no node has the label constructor=a; none has constructor at all',
    ],
    [
      'labels are never together',
      [node({ labels: { a: '1', b: '2' } }), node({ labels: { a: '2', b: '1' } })],
      { nodeSelector: { a: '1', b: '1' } },
      'no node has all of the labels a=1, b=1',
    ],
    [
      'node affinity',
      [node({ labels: { zone: 'a' } }), node()],
      { affinity: affinity({ key: 'zone', operator: 'In', values: ['b', 'c'] }, { key: 'spot', operator: 'Exists' }) },
      'no node meets the node affinity (zone b or c and spot there)',
    ],
    [
      'node affinity among the nodes with its labels',
      [gpuNode(1, { labels: { size: 'large' } }), node()],
      { nodeSelector: wanted, affinity: affinity({ key: 'size', operator: 'Gt', values: ['1'] }) },
      'no node with its labels meets the node affinity (size > 1)',
    ],
    [
      'node affinity without terms, which holds nowhere',
      [node()],
      { affinity: affinity() },
      'no node meets the node affinity (nothing)',
    ],
    [
      'a taint',
      [node({ taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }] })],
      { tolerations: [{ key: 'dedicated', value: 'training' }] },
      'the node that matches has a taint that the placement has no toleration for: dedicated=web:NoSchedule',
    ],
    [
      'taints, each said once; GPU nodes are not for who needs no GPU',
      [gpuNode(1), gpuNode(1), node({ taints: [{ key: 'old', effect: 'NoExecute' }] })],
      {},
      'all 3 nodes that match have taints that the placement has no toleration for: nvidia.com/gpu=present:NoSchedule, old:NoExecute',
    ],
    [
      'a taint of another effect is not borne',
      [node({ taints: [{ key: 'old', effect: 'NoExecute' }] })],
      { tolerations: [{ key: 'old', operator: 'Exists', effect: 'NoSchedule' }] },
      'the node that matches has a taint that the placement has no toleration for: old:NoExecute',
    ],
    ['GPUs', [gpuNode(4), gpuNode(2)], { gpus: 8 }, 'a node has at most 4 nvidia.com/gpu, and 8 are asked for'],
    [
      'GPUs, where only some nodes may be used',
      [gpuNode(4), a100],
      { gpus: 8, nodeSelector: wanted },
      'a node has at most 4 nvidia.com/gpu, and 8 are asked for (of 2 nodes, 1 may be used)',
    ],
    ['no GPU at all', [node()], { gpus: 1 }, 'no node has any nvidia.com/gpu, and 1 is asked for'],
    ['CPUs', [node()], { cpus: 16.5 }, 'a node has at most 16 CPUs, and 16.5 are asked for'],
    ['memory', [node()], { memoryGiB: 65 }, 'a node has at most 64 GiB of memory, and 65 are asked for'],
    [
      'local disk',
      [node()],
      { ephemeralStorageGiB: 101 },
      'a node has at most 100 GiB of local disk, and 101 are asked for',
    ],
    [
      'each of what it needs is somewhere, and nowhere all of it',
      [gpuNode(1), node({ allocatable: { cpu: '64' } })],
      { gpus: 1, cpus: 32, memoryGiB: 8 },
      'no node has 1 nvidia.com/gpu and 8 GiB of memory and 32 CPUs at once',
    ],
    [
      'a node that has not yet said what it has',
      [{ metadata: { name: 'new' } }],
      { cpus: 1 },
      'no node has any CPU, and 1 is asked for',
    ],
  ]
  for (const [what, nodes, parts, words] of unfitting) {
    test(what, () => assert.equal(whyNoNodeFits(nodes, podOf(parts)), words))
  }
})

describe('a Kubernetes quantity is read as Kubernetes does it:', () => {
  const quantities: [string, number | undefined][] = [
    ['0', 0],
    ['4', 4],
    ['+4', 4],
    ['-1', -1],
    ['.5', 0.5],
    ['5.', 5],
    ['100m', 0.1],
    ['7910m', 7.91],
    ['250u', 0.00025],
    ['1n', 1e-9],
    ['2k', 2000],
    ['1.5M', 1_500_000],
    ['3G', 3e9],
    ['1T', 1e12],
    ['1P', 1e15],
    ['1E', 1e18],
    ['1Ki', 1024],
    ['1.5Mi', 1_572_864],
    ['64Gi', 64 * 2 ** 30],
    ['2Ti', 2 * 2 ** 40],
    ['1Pi', 2 ** 50],
    ['1Ei', 2 ** 60],
    ['1e3', 1000],
    ['1E3', 1000],
    ['12e-1', 1.2],
    ['', undefined],
    ['Gi', undefined],
    ['.', undefined],
    ['1 Gi', undefined],
    ['1K', undefined],
    ['1ki', undefined],
    ['1e', undefined],
    ['1Gib', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['1constructor', undefined],
  ]
  for (const [text, amount] of quantities) {
    test(`"${text}"`, () => assert.equal(parseQuantity(text), amount))
  }

  test('any whole number of millis is the fraction that it says', () => {
    fc.assert(fc.property(fc.nat(), (millis) => assert.equal(parseQuantity(`${millis}m`), millis / 1000)))
  })
})
