import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { Unreachable } from '../client/client.ts'
import type { Context } from '../context.ts'
import { findRunId } from '../ids.ts'
import { openSession, type Session } from '../session.ts'

type Options = { follow?: true; attempt?: string }

const tryAgainMs = 1_000

export function addLogs(program: Command, context: Context): void {
  program
    .command('logs')
    .summary('what the training program wrote')
    .description(
      "Prints what a run's attempts wrote, and with --follow what they write from now on, until the run ends.",
    )
    .argument('<run>', 'the run; the beginning of its id will do')
    .option('-f, --follow', 'go on until the run ends')
    .option('--attempt <name>', 'only of this attempt')
    .action(async (id: string, { follow, attempt }: Options, command: Command) => {
      const session = openSession(command, context)
      const run = await findRunId(session.api, id)
      const query = {
        ...(attempt === undefined ? {} : { attempt }),
        ...(follow === undefined ? {} : { follow }),
      }
      const print = session.json ? jsonLines(session) : plain(session)
      const printed = await readOn(session, print, () => session.api.launcher.logs(run, query), follow === true)
      print.end()
      if (printed === 0) {
        session.note(`There is nothing in the log of ${attempt ?? run}. What became of it: trainyard run ${run}`)
      }
    })
}

type Printer = { add(text: string): void; end(): void }

/**
 * Prints the stream. A follower that loses the server asks again, and passes over what it has printed already.
 *
 * @returns how many bytes there were
 */
async function readOn(
  session: Session,
  print: Printer,
  open: () => AsyncIterable<Uint8Array>,
  isFollowing: boolean,
): Promise<number> {
  const decoder = new TextDecoder()
  let printed = 0
  let wasThere = false
  for (;;) {
    let passed = 0
    try {
      for await (const chunk of open()) {
        wasThere = true
        const fresh = chunk.subarray(Math.min(chunk.byteLength, Math.max(0, printed - passed)))
        passed += chunk.byteLength
        printed += fresh.byteLength
        print.add(decoder.decode(fresh, { stream: true }))
      }
      return printed
    } catch (error) {
      // A log that is silent for long is cut off on its way, too. Before any answer, the server may simply not be there.
      if (!isFollowing || !(error instanceof Unreachable) || !wasThere) throw error
      await pause(tryAgainMs, undefined, { signal: session.context.signal })
    }
  }
}

function plain({ context }: Session): Printer {
  return { add: (text) => context.terminal.out(text), end: () => {} }
}

/** One JSON object a line. */
function jsonLines({ context }: Session): Printer {
  let rest = ''
  const say = (line: string) => context.terminal.out(`${JSON.stringify({ line })}\n`)
  return {
    add(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) say(line)
    },
    end() {
      if (rest !== '') say(rest)
    },
  }
}
