/** Says what is in the way of ever carrying out a job type's attempts: nobody should learn it from a run that waits. */
import { freeze } from '../../schemas/configuration.ts'
import type { JobType } from '../../schemas/job-type.ts'
import type { Kit } from '../kit/service.ts'
import type { Executor } from './executor/executor.ts'

export interface ObjectionNeeds extends Pick<Kit, 'configuration' | 'log'> {
  readonly executor: Executor
}

/** @returns the work of a loop; where the executor cannot say, it fails and is tried again */
export function makeObjectionWatch({ configuration, log, executor }: ObjectionNeeds): () => Promise<undefined> {
  return async () => {
    for (const [name, jobType] of Object.entries<JobType>(configuration.jobTypes)) {
      for (const objection of await executor.objections(freeze(configuration, jobType)))
        log.warn({ jobType: name }, `attempts of ${name} will not run: ${objection}`)
    }
    return undefined
  }
}
