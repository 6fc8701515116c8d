import type { ServiceName } from '../../services/kit/service.ts'
import { Blank } from './blank.ts'
import type { FromValues } from './values.ts'

/** The namespace of the services. */
export const namespace = new Blank('.Release.Namespace', 'trainyard')
export const attemptsNamespace = (from: FromValues): Blank => from('attempts.namespace')

export const port = 7070

/** Of every pod of ours; those that carry attempts out are none of them. */
export const ours = { 'app.kubernetes.io/name': 'trainyard' }
export type Component = ServiceName | 'topics'
export const labelsOf = (component: Component) => ({ ...ours, 'app.kubernetes.io/component': component })
/** Of the pods that the launcher makes. */
export const attemptLabels = { 'app.kubernetes.io/name': 'trainyard-attempt' }

export const nameOf = (component: Component) => `trainyard-${component}`
export const configurationName = 'trainyard'
export const environmentName = 'trainyard-environment'
