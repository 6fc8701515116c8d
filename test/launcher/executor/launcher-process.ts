/** A launcher's process for tests that kill it: starts one attempt, says so, and stays. Arguments: data directory, attempt. */

import { pino } from 'pino'
import { systemClock } from '../../../services/kit/clock.ts'
import { programFolders } from '../../../services/kit/program-command.ts'
import { createProcessExecutor } from '../../../services/launcher/executor/process.ts'

const [dataDirectory = '', attempt = ''] = process.argv.slice(2)
const log = pino({ level: 'silent' })
const executor = createProcessExecutor({
  dataDirectory,
  programFolders: programFolders(),
  environment: process.env,
  clock: systemClock,
  log,
})
await executor.start(JSON.parse(attempt))
process.stdout.write('started\n')
setInterval(() => undefined, 60_000)
