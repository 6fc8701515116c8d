import { console } from './console/main.ts'
import { evaluator } from './evaluator/main.ts'
import { intake } from './intake/main.ts'
import { runServices } from './kit/run.ts'
import type { ServiceDefinition } from './kit/service.ts'
import { launcher } from './launcher/main.ts'
import { promoter } from './promoter/main.ts'

/** In the order of the data's way. */
export const everyService: readonly ServiceDefinition[] = [intake, launcher, evaluator, promoter, console]

/** Every service in this one process. */
export const runAll = (variables: Readonly<Record<string, string | undefined>>): Promise<void> =>
  runServices(everyService, variables)

if (import.meta.main) await runAll(process.env)
