/** The schema of `trainyard.yaml`, section by section; its descriptions and defaults are also the reference page. */

import { z } from 'zod'
import { Flag, mapping, Name, oneOf, Text, whole } from '../expectations.ts'
import { JobType, Placement } from '../job-type.ts'
import { JobTypeName } from '../words.ts'
import { type JsonPointer, Pointer, parsePointer } from './pointer.ts'

export type Condition = { pointer: JsonPointer; equals: string | number | boolean }

const expectedCondition = 'expected type, and further JSON pointers with the text, number or flag to be found there'

const When = z
  .object({ type: Text.describe('CloudEvents type.') }, { error: expectedCondition })
  .catchall(z.union([z.string(), z.number(), z.boolean()], { error: expectedCondition }))
  .transform(({ type, ...others }, context) => {
    const conditions: Condition[] = []
    for (const [text, equals] of Object.entries(others)) {
      const pointer = parsePointer(text)
      if (pointer !== undefined) conditions.push({ pointer, equals })
      else context.addIssue({ code: 'custom', path: [text], message: expectedCondition })
    }
    return { type, conditions }
  })

export const Trigger = mapping({
  name: Name.describe('Its name, in the record of every signal.'),
  topic: z
    .string({ error: 'expected the name of a topic' })
    .regex(/^[a-zA-Z0-9._-]{1,249}$/, { error: 'expected the name of a topic: letters, digits, ".", "_" and "-"' })
    .describe('Topic that it listens to; events posted to /events match whatever their topic.'),
  when: When.describe(
    'Which events: the CloudEvents type (of plain JSON and Avro the field type, or the name of the Avro record), and further fields by JSON pointer that must be equal.',
  ),
  jobType: JobTypeName.describe('Job type that it trains.'),
  bot: Pointer.describe("Where the bot's id is in the event."),
  dataset: Pointer.optional().describe("Where the dataset's URI is; an event without it is dead-lettered."),
  digest: Pointer.optional().describe("Where the dataset's digest is, if the event has it; it can spare a fetch."),
  revision: Pointer.optional().describe("Where the bot's revision is, if the event has it; a lower one is stale."),
  from: oneOf('beginning', 'end').default('end').describe('Where in the topic to begin, the first time.'),
})
export type Trigger = z.infer<typeof Trigger>

/** Fetching is allowed from URLs below a prefix, or from files below a folder. */
export type DatasetSource = { prefix: string; allowPrivateAddresses: boolean } | { folder: string }

const Prefix = z
  .string({ error: 'expected a URL' })
  .refine(isPlainHttpUrl, { error: 'expected a URL of http or https without user, query and fragment' })
  // Gives the host its closing slash, so that example.com does not allow example.com.elsewhere.org.
  .transform((text) => new URL(text).href)

function isPlainHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return url.username === '' && url.password === '' && !/[?#]/.test(text)
}

export const DatasetSource = mapping({
  prefix: Prefix.optional().describe('Datasets may be fetched from URLs that begin so.'),
  allowPrivateAddresses: Flag.optional().describe('The host may resolve to a private or loopback address.'),
  folder: Text.optional().describe('Datasets may be read from files below; relative to this file.'),
}).transform((source, context): DatasetSource => {
  if (source.folder !== undefined && source.prefix === undefined && source.allowPrivateAddresses === undefined) {
    return { folder: source.folder }
  }
  if (source.prefix !== undefined && source.folder === undefined) {
    return { prefix: source.prefix, allowPrivateAddresses: source.allowPrivateAddresses ?? false }
  }
  context.addIssue({ code: 'custom', message: 'expected prefix (with allowPrivateAddresses if need be) or folder' })
  return z.NEVER
})

export const Limits = mapping({
  datasetMiB: whole(1, 1024).default(64).describe('Largest dataset, in MiB.'),
  datasetRows: whole(1).default(1_000_000).describe('Most rows of a dataset.'),
  textCharacters: whole(1).default(2000).describe('Longest text of a row, in characters.'),
  intents: whole(2).default(10_000).describe('Most intents of a dataset.'),
})
export type Limits = z.infer<typeof Limits>

const mappingOfNames = { error: 'expected a mapping of names' }
const list = { error: 'expected a list' }

export const Configuration = mapping({
  jobTypes: z.record(JobTypeName, JobType, mappingOfNames).describe('What to run and how, by name.'),
  placements: z
    .record(Name, Placement, mappingOfNames)
    .default({})
    .describe(
      'What attempts need of the cluster, by name; the name local is always there. As child processes they run on this machine, whatever is said here.',
    ),
  triggers: z.array(Trigger, list).default([]).describe('Which events of the platform call for training.'),
  datasetSources: z.array(DatasetSource, list).default([]).describe('Where datasets may be fetched from.'),
  limits: Limits.prefault({}).describe('Sizes above which a dataset is refused.'),
})
export type Configuration = z.infer<typeof Configuration>
