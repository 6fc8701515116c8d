import type { V1CronJob } from '@kubernetes/client-node'
import { accountOf, podLabelsOf } from './account.ts'
import type { Open } from './blank.ts'
import { labelsOf, nameOf, namespace } from './names.ts'
import { containerOf, environmentOf, podOf } from './pod.ts'
import type { FromValues } from './values.ts'

/**
 * Topics are never made by themselves. This makes them when a person says so, and never on a day of its own:
 *
 *     kubectl create job topics --from=cronjob/trainyard-topics
 */
export const topics = (from: FromValues) => [job(from), accountOf('topics', from)]

function job(from: FromValues): Open<V1CronJob> {
  const labels = labelsOf('topics')
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: nameOf('topics'), namespace, labels },
    spec: {
      suspend: true,
      schedule: '0 0 1 1 *',
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          ttlSecondsAfterFinished: 86_400,
          template: {
            metadata: { labels: podLabelsOf('topics', from) },
            spec: {
              ...podOf(from, {
                ...containerOf(from, 'topics', ['services/cli/main.ts', 'topics', 'apply']),
                env: environmentOf(from),
                resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
              }),
              restartPolicy: 'Never',
              serviceAccountName: nameOf('topics'),
              automountServiceAccountToken: false,
            },
          },
        },
      },
    },
  }
}
