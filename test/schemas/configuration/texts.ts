import assert from 'node:assert/strict'
import { type Configuration, jobTypeOf } from '../../../schemas/configuration.ts'
import type { JobType } from '../../../schemas/job-type.ts'
import { JobTypeName } from '../../../schemas/words.ts'

const jobTypes = ['jobTypes:', '  intents:', '    program: { command: [node, train.ts] }']
export const trigger =
  '{ name: edited, topic: bot.events, when: { type: bot.updated }, jobType: intents, bot: /data/botId }'

/** Lines that follow a good job type, which ends on line 3. */
export const afterJobType = (...lines: string[]): string => [...jobTypes, ...lines].join('\n')

export function intentsOf(configuration: Configuration): JobType {
  const jobType = jobTypeOf(configuration, JobTypeName.parse('intents'))
  assert.ok(jobType !== undefined)
  return jobType
}
