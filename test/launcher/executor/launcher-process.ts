/** A launcher's process for tests that kill it: starts one attempt, says so, and stays. Arguments: data directory, attempt. */

import { createProcessExecutor } from '../../../services/launcher/executor/process.ts'
import { processOptions } from './attempts.ts'

const [dataDirectory = '', attempt = ''] = process.argv.slice(2)
const executor = createProcessExecutor(processOptions(dataDirectory))
await executor.start(JSON.parse(attempt))
process.stdout.write('started\n')
setInterval(() => undefined, 60_000)
