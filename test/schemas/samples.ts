import type { EventData } from '../../schemas/catalogue.ts'
import { BotId, JobTypeName, RunId } from '../../schemas/words.ts'

export const runQueued: EventData<'run.queued'> = {
  run: RunId.parse('run-a2b3c4d5e6'),
  bot: BotId.parse('shop'),
  jobType: JobTypeName.parse('intents'),
  generation: 7,
  priority: -1,
  queuedAt: 1_767_225_600_000,
}
