/** Reads `trainyard.yaml`, and freezes what a request carries of it. */

import { dirname, resolve } from 'node:path'
import { crossChecks, scheduleFindings } from './configuration/cross-checks.ts'
import { type Finding, type Path, readDocument } from './configuration/document.ts'
import { findingsOf } from './configuration/findings.ts'
import { Configuration } from './configuration/schema.ts'
import { type JobType, type JobTypeSpec, type NamedPlacement, Placement } from './job-type.ts'
import type { JobTypeName } from './words.ts'

export { type JsonPointer, lookUp } from './configuration/pointer.ts'
export type { Condition, Configuration, DatasetSource, Limits, Trigger } from './configuration/schema.ts'

export type ConfigurationProblem = { line: number; field: string; message: string }

/** Everything that is wrong with the file, all at once, in the order of its lines. */
export class ConfigurationError extends Error {
  readonly problems: readonly ConfigurationProblem[]

  constructor(fileName: string, problems: readonly ConfigurationProblem[]) {
    super(
      problems
        .map(({ line, field, message }) =>
          [`${fileName}:${line}`, ...(field === '' ? [] : [field]), message].join(': '),
        )
        .join('\n'),
    )
    this.name = 'ConfigurationError'
    this.problems = problems
  }
}

/** `fileName` is named in errors, and folders in the file are relative to it. Throws a ConfigurationError. */
export function parseConfiguration(text: string, fileName: string): Configuration {
  const document = readDocument(text)
  if (document.problems.length > 0) {
    throw new ConfigurationError(
      fileName,
      document.problems.map(({ line, message }) => ({ line, field: '', message })),
    )
  }
  const parsed = Configuration.safeParse(document.value)
  const findings = [
    ...withoutSchedules(parsed.success ? [] : findingsOf(parsed.error, document.value), document.value),
    ...crossChecks(document.value),
  ]
  if (parsed.success && findings.length === 0) return withAbsoluteFolders(parsed.data, dirname(fileName))
  throw new ConfigurationError(
    fileName,
    findings
      .map(({ path, message }) => ({ line: document.lineOf(path), field: fieldOf(path), message }))
      .sort((a, b) => a.line - b.line),
  )
}

function withoutSchedules(findings: readonly Finding[], raw: unknown): Finding[] {
  const schedules = scheduleFindings(raw)
  const isOfSchedule = ({ path }: Finding): boolean =>
    schedules.some((schedule) => path[0] === 'triggers' && path[1] === schedule.path[1])
  return [...findings.filter((finding) => !isOfSchedule(finding)), ...schedules]
}

/** `triggers[0].bot`, `jobTypes.intents.slots`. */
function fieldOf(path: Path): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === 'number') return `${field}[${part}]`
    return field === '' ? String(part) : `${field}.${String(part)}`
  }, '')
}

function withAbsoluteFolders(configuration: Configuration, base: string): Configuration {
  const datasetSources = configuration.datasetSources.map((source) =>
    'folder' in source ? { folder: resolve(base, source.folder) } : source,
  )
  return { ...configuration, datasetSources }
}

/** What holds where there is no file: one job type, and the trigger that a bot's edit pulls. */
export function defaultConfiguration(): Configuration {
  return parseConfiguration(defaultText, 'trainyard.yaml')
}

/** The same as a file, to begin from. */
export const defaultText = `# What Trainyard does when there is no trainyard.yaml.
jobTypes:
  intents:
    program: { command: [node, services/trainer/main.ts, wide-deep] }
    debounce: { quietSeconds: 2, maxWaitSeconds: 30 }

triggers:
  - name: bot-edited
    topic: bot.events
    when: { type: bot.updated }
    jobType: intents
    bot: /data/botId
    dataset: /data/dataset/uri
    digest: /data/dataset/digest
    revision: /data/revision
`

/** The job type of a name, or undefined when the configuration has none. */
export function jobTypeOf(configuration: Configuration, name: JobTypeName): JobType | undefined {
  return Object.hasOwn(configuration.jobTypes, name) ? configuration.jobTypes[name] : undefined
}

/** The job type as a request carries it: all that shapes the work, with its placements resolved. */
export function freeze({ placements }: Configuration, jobType: JobType): JobTypeSpec {
  const { slots: _slots, priority: _priority, debounce: _debounce, placement, examPlacement, ...work } = jobType
  const resolved = (name: string): NamedPlacement => {
    const configured = Object.hasOwn(placements, name) ? placements[name] : undefined
    return { ...(configured ?? Placement.parse({})), name }
  }
  return {
    ...work,
    placement: resolved(placement),
    ...(examPlacement === undefined ? {} : { examPlacement: resolved(examPlacement) }),
  }
}
