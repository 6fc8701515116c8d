/**
 * What one part of `trainyard.yaml` says about another. Works on the raw value, so that its findings come together with
 * those of the schema, and says nothing about parts that are of the wrong kind.
 */

import type { Finding } from './document.ts'

type Mapping = Readonly<Record<string, unknown>>

export function crossChecks(raw: unknown): Finding[] {
  const { jobTypes, placements, triggers } = asMapping(raw)
  const listed = Array.isArray(triggers) ? triggers.map(asMapping) : []
  return [
    ...unknownPlacements(asMapping(jobTypes), asMapping(placements)),
    ...triggerFindings(listed, asMapping(jobTypes)),
  ]
}

const placementFields = new Set(['placement', 'examPlacement'])

function unknownPlacements(jobTypes: Mapping, placements: Mapping): Finding[] {
  const known = new Set(['local', ...Object.keys(placements)])
  return Object.entries(jobTypes).flatMap(([name, jobType]) => {
    return Object.entries(asMapping(jobType)).flatMap(([field, placement]) => {
      if (!placementFields.has(field) || typeof placement !== 'string' || known.has(placement)) return []
      return [{ path: ['jobTypes', name, field], message: `expected a name under placements (${listOf(known)})` }]
    })
  })
}

function triggerFindings(triggers: readonly Mapping[], jobTypes: Mapping): Finding[] {
  const known = new Set(Object.keys(jobTypes))
  const seen = new Set<unknown>()
  return triggers.flatMap(({ name, jobType, dataset, digest }, index) => {
    const findings: Finding[] = []
    const at = (field: string, message: string) => findings.push({ path: ['triggers', index, field], message })
    if (typeof jobType === 'string' && !known.has(jobType))
      at('jobType', `expected a name under jobTypes (${listOf(known)})`)
    if (name !== undefined && seen.has(name)) at('name', 'expected a name that no other trigger has')
    if (digest !== undefined && dataset === undefined) at('digest', 'expected dataset beside digest')
    seen.add(name)
    return findings
  })
}

/** Paths of triggers that are schedules, which are not there yet: one finding each, instead of one per missing field. */
export function scheduleFindings(raw: unknown): Finding[] {
  const { triggers } = asMapping(raw)
  if (!Array.isArray(triggers)) return []
  return triggers.flatMap((trigger, index) => {
    if (!Object.hasOwn(asMapping(trigger), 'schedule')) return []
    return [{ path: ['triggers', index, 'schedule'], message: 'schedules are not supported yet; remove this trigger' }]
  })
}

function asMapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listOf(names: ReadonlySet<string>): string {
  return names.size === 0 ? 'there is none' : [...names].join(', ')
}
