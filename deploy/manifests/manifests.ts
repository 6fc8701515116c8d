import { serviceNames } from '../../services/kit/service.ts'
import { attemptsHome } from './attempts.ts'
import type { Blank } from './blank.ts'
import { launcherRights, launcherSight } from './launcher.ts'
import { attemptPolicies, servicePolicies } from './network-policies.ts'
import { serviceManifests } from './service.ts'
import { topics } from './topics.ts'
import type { FromValues } from './values.ts'

/** A file of the chart, and of the base. */
export interface Part {
  readonly name: string
  readonly objects: readonly object[]
  /** Without it, it is always there. In the base it is, too. */
  readonly onlyIf?: Blank
}

/** All of Trainyard but its configuration, with blanks for what an installation sets. */
export function manifests(from: FromValues): readonly Part[] {
  return [
    { name: 'attempts', objects: [attemptsHome(from)], onlyIf: from('attempts.createNamespace') },
    ...serviceNames.map((service) => ({ name: service, objects: serviceManifests(service, from) })),
    { name: 'launcher-rights', objects: launcherRights(from) },
    { name: 'launcher-sight', objects: launcherSight(), onlyIf: from('launcher.listsNodes') },
    {
      name: 'network-policies',
      objects: [...servicePolicies(from), ...attemptPolicies(from)],
      onlyIf: from('networkPolicies.enabled'),
    },
    { name: 'topics', objects: topics(from) },
  ]
}
