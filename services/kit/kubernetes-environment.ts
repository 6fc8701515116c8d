/** The part of the environment that says how Kubernetes is reached, and what its Jobs need to know. */
import { z } from 'zod'
import { badInput } from './errors.ts'

export const namespaceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export const kubernetesVariables = {
  KUBECONFIG: z
    .string()
    .optional()
    .describe(
      'With `kubernetes`: the kubeconfig that says which cluster, and who we are. In a pod: its service account.',
    ),
  TRAINYARD_KUBERNETES_NAMESPACE: z
    .string()
    .regex(namespaceName, 'expected the name of a namespace')
    .optional()
    .describe('With `kubernetes`: the namespace of the Jobs. Default: the one of the kubeconfig, or of the pod.'),
  TRAINYARD_RUNNER_IMAGE: z
    .string()
    .optional()
    .describe("With `kubernetes`, needed: the image that brings the runner into each attempt's pod."),
  TRAINYARD_RUNNER_PULL_POLICY: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe(
      'With `kubernetes`: when a node pulls the image of the runner. Default: as Kubernetes has it for its tag.',
    ),
  TRAINYARD_RUN_API_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('With `kubernetes`, needed: how pods reach the launcher, as `http://trainyard-launcher.trainyard:7070`.'),
}

export interface KubernetesEnvironment {
  /** Undefined: the account of the pod that we run in. */
  readonly kubeconfig: string | undefined
  readonly namespace: string | undefined
  readonly runnerImage: string
  readonly runnerPullPolicy: 'Always' | 'IfNotPresent' | 'Never' | undefined
  /** Without a slash at its end. */
  readonly runApiUrl: string
}

type Values = z.infer<z.ZodObject<typeof kubernetesVariables>> & { TRAINYARD_EXECUTOR: 'process' | 'kubernetes' }

export function kubernetesOf(values: Values): KubernetesEnvironment | undefined {
  if (values.TRAINYARD_EXECUTOR === 'process') return undefined
  const { TRAINYARD_RUNNER_IMAGE: runnerImage, TRAINYARD_RUN_API_URL: runApiUrl } = values
  if (runnerImage === undefined || runApiUrl === undefined) {
    const missing = [
      ...(runnerImage === undefined ? ['TRAINYARD_RUNNER_IMAGE'] : []),
      ...(runApiUrl === undefined ? ['TRAINYARD_RUN_API_URL'] : []),
    ]
    throw badInput(
      `TRAINYARD_EXECUTOR is kubernetes, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`,
      {
        hint: 'docs/kubernetes.md says what belongs there.',
      },
    )
  }
  return {
    kubeconfig: values.KUBECONFIG,
    namespace: values.TRAINYARD_KUBERNETES_NAMESPACE,
    runnerImage,
    runnerPullPolicy: values.TRAINYARD_RUNNER_PULL_POLICY,
    runApiUrl: runApiUrl.replace(/\/+$/, ''),
  }
}
