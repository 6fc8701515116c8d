/** The command `trainyard`: a client of the services' HTTP APIs. `bin/trainyard.js` starts it with the right Node. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { z } from 'zod'
import { processContext } from './context.ts'
import { exitCodes, failureText } from './failure.ts'
import { makeProgram, runProgram } from './program.ts'

/** `timeout`, `npm` and init systems signal a whole group, and whoever stands in between forwards: one wish, heard twice. */
const sameWishMs = 1_000

const interrupted = new AbortController()
let first: { signal: 'SIGINT' | 'SIGTERM'; atMs: number } | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    first ??= { signal, atMs: performance.now() }
    if (performance.now() - first.atMs > sameWishMs) process.exit(128 + constants.signals[signal])
    interrupted.abort()
  })
}
// Output into a pipe whose reader has left (`trainyard runs | head`) is no fault of anybody's.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(failureText(new Error(`the answer cannot be written: ${error.message}`)))
  process.exit(exitCodes.failed)
})
// And what is said beside the answer may go unheard, as in `trainyard publish --wait 2>&1 >answer | head -1`.
process.stderr.on('error', () => {})

const packageFile = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
const { version } = z.object({ version: z.string() }).parse(JSON.parse(packageFile))
const context = processContext(interrupted.signal)
const exitCode = await runProgram(makeProgram(context, version), context, process.argv.slice(2))
process.exitCode = first === undefined ? exitCode : 128 + constants.signals[first.signal]
