import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { duration } from '../../kit/figures.ts'
import { makeApi } from '../client/api.ts'
import { makeClient } from '../client/client.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { openSession } from '../session.ts'

type Options = { keep?: true; port: number }

export function addDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .summary('play the whole chain with a bot of its own')
    .description(
      'Starts Trainyard in a scratch directory and plays: a first training, a burst of edits, an edit that is rejected, ' +
        'one that changes nothing, one that is promoted, and a rollback. Takes about half a minute.',
    )
    .option('--keep', 'leave it running afterwards, until Ctrl-C')
    .option('--port <port>', 'port to listen on, 0 for a free one', wholeNumber(0, 65_535), 0)
    .action(async ({ keep, port }: Options, command: Command) => {
      // Loaded only here: no other command has a use for it.
      const { play } = await import('../demo/play.ts')
      const { startDemoServer } = await import('../demo/server.ts')
      const { bot, configuration } = await import('../demo/story.ts')
      const { json, actor, style, show, note } = openSession(command, context)
      const { terminal, signal } = context
      const write = json ? terminal.err : terminal.out
      const startedMs = performance.now()
      write(`${style.bold('Trainyard demo')}: a helpdesk bot of a bank that also sells phone plans and flights\n`)
      const server = await startDemoServer(configuration, port, signal)
      let isAsPromised = false
      try {
        write(
          `Trainyard runs at ${server.url}, in ${server.directory} (started in ${duration(performance.now() - startedMs)})\n`,
        )
        const api = makeApi(() => makeClient({ url: server.url, token: undefined, signal }))
        const died = server.ended.then((): never => {
          throw new CommandFailure("the demo's server ended by itself", { next: `Its log: ${server.log}` })
        })
        const played = await Promise.race([play({ api, actor, style, write, signal, columns: terminal.columns }), died])
        const seconds = Math.round(performance.now() - startedMs) / 1000
        isAsPromised = true
        write(`${style.good('Every step ended as promised')}, in ${seconds.toFixed(1)} s.\n`)
        write(nextSteps(keep === true ? server.url : undefined, bot))
        show({ url: keep === true ? server.url : null, seconds, ...played }, () => '')
        if (keep) await Promise.race([interrupted(signal), died])
      } finally {
        const isFailure = !isAsPromised && !signal.aborted
        if (isFailure) note(`What the server had to say is kept: ${server.log}`)
        await server.stop(isFailure)
      }
    })
}

/** @param url of the server, where it is left running */
function nextSteps(url: string | undefined, bot: string): string {
  const trainyard = relative(process.cwd(), fileURLToPath(new URL('../../../bin/trainyard.js', import.meta.url)))
  const lines =
    url === undefined
      ? [
          `  ${trainyard} demo --keep     the same, and leaves it running, to look around in`,
          `  ${trainyard} dev             an empty one for bots of your own`,
          `  ${trainyard} --help          all that it can do`,
        ]
      : [
          `  export TRAINYARD_URL=${url}`,
          `  ${trainyard} why ${bot}`,
          `  ${trainyard} runs`,
          `  ${trainyard} evaluation RUN`,
          `  ${trainyard} predict ${bot} --text "somebody took my card"`,
          `  ${trainyard} unpin ${bot} --reason "announced"`,
        ]
  const where = url === undefined ? 'Try next:' : 'It goes on until Ctrl-C. Try in another terminal:'
  return `${where}\n${lines.join('\n')}\n`
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
