/** Who may speak to whom. Policies only add up: what none of them allows, those that choose a pod forbid it. */
import type { V1NetworkPolicy, V1NetworkPolicyIngressRule, V1NetworkPolicySpec } from '@kubernetes/client-node'
import { type Blank, type Open, orElse, whole } from './blank.ts'
import { attemptLabels, attemptsNamespace, labelsOf, namespace, ours, port } from './names.ts'
import type { FromValues } from './values.ts'

/** The client's types call a rule's `from` by another name, for the sake of languages in which it is a keyword. */
type Policy = Omit<V1NetworkPolicy, 'spec'> & {
  spec: Omit<V1NetworkPolicySpec, 'ingress'> & {
    ingress?: (Omit<V1NetworkPolicyIngressRule, '_from'> & { from: V1NetworkPolicyIngressRule['_from'] })[]
  }
}

const http = [{ port, protocol: 'TCP' }]

/** Between themselves the services speak through PostgreSQL and Kafka alone. */
export function servicePolicies(from: FromValues): Open<Policy>[] {
  return [
    policy('trainyard', namespace, {
      podSelector: { matchLabels: ours },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: orElse(from('networkPolicies.clients'), everybodyElse(from)), ports: http }],
      egress: [from('networkPolicies.names')],
    }),
    policy('trainyard-platform', namespace, {
      podSelector: { matchLabels: ours },
      policyTypes: ['Egress'],
      egress: from('networkPolicies.platform'),
    }),
    policy('trainyard-intake', namespace, {
      podSelector: { matchLabels: labelsOf('intake') },
      policyTypes: ['Egress'],
      egress: from('intake.egress'),
    }),
    policy('trainyard-launcher', namespace, {
      podSelector: { matchLabels: labelsOf('launcher') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ namespaceSelector: named(attemptsNamespace(from)), podSelector: { matchLabels: attemptLabels } }],
          ports: http,
        },
      ],
      egress: from('launcher.egress'),
    }),
  ]
}

/** A policy without anybody in it would let everybody in. */
function everybodyElse(from: FromValues): Blank {
  const values = [attemptsNamespace(from)]
  const notTheAttempts = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values }
  return whole([{ namespaceSelector: { matchExpressions: [notTheAttempts] } }])
}

/** Nothing reaches a training program, and it reaches the launcher that gives it its work. */
export function attemptPolicies(from: FromValues): Open<Policy>[] {
  return [
    policy('trainyard', attemptsNamespace(from), {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        from('networkPolicies.names'),
        {
          to: [{ namespaceSelector: named(namespace), podSelector: { matchLabels: labelsOf('launcher') } }],
          ports: http,
        },
      ],
    }),
    policy('trainyard-further', attemptsNamespace(from), {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: from('attempts.egress'),
    }),
  ]
}

const named = (name: Blank) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

function policy(name: string, inNamespace: Blank, spec: Open<Policy['spec']>): Open<Policy> {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: inNamespace, labels: ours },
    spec,
  }
}
