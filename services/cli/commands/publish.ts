import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { counted } from '../../kit/figures.ts'
import { shellWord } from '../../kit/shell-word.ts'
import { Refusal } from '../client/client.ts'
import type { PublishedEvent } from '../client/intake.ts'
import type { Context } from '../context.ts'
import { type Event, EventFile, type EventFlags, eventFrom } from '../event.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { followToEnd } from '../follow.ts'
import { openFile, parseJsonText, readText } from '../input.ts'
import { wholeNumber } from '../options.ts'
import { printable } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = {
  bot?: string
  dataset?: string
  revision?: number
  type?: string
  source?: string
  id?: string
  data?: string
  wait?: true
}

export function addPublish(program: Command, context: Context): void {
  program
    .command('publish')
    .summary('tell it that a bot has changed')
    .description(
      'Publishes a platform event: made from the flags, or read from a file (one CloudEvent as JSON, or a list of them) ' +
        'with the flags laid over it. The flags write the fields that the built-in trigger reads: botId, dataset, revision.',
    )
    .argument('[file]', 'a CloudEvent, or a list of them, as JSON; - for standard input')
    .option('--bot <id>', 'the bot that has changed')
    .option('--dataset <file>', 'JSON Lines to post first; the event then names that dataset')
    .option('--revision <n>', "the bot's revision; a lower one than the highest seen is stale", wholeNumber(0))
    .option('--type <type>', 'type of the event (default: bot.updated)')
    .option('--source <uri>', 'source of the event (default: /trainyard/cli)')
    .option('--id <id>', 'id of the event; the same source and id are the same signal (default: a new one)')
    .option('--data <json>', 'further data of the event')
    .option('--wait', 'wait for the verdict; exit with 1 if no model came of it')
    .action(async (file: string | undefined, options: Options, command: Command) => {
      const session = openSession(command, context)
      if (file === undefined && options.bot === undefined && options.data === undefined) {
        throw new CommandFailure('there is nothing to publish', {
          next: 'Say which bot has changed with --bot, or give a file with the event.',
          exitCode: exitCodes.usage,
        })
      }
      const given = file === undefined ? {} : readEvents(await readText(file), file)
      const { intake } = session.api
      const dataset =
        options.dataset === undefined ? undefined : await intake.addDataset(await openFile(options.dataset))
      const flags = flagsOf(options, dataset)
      const complete = (event: Event) =>
        eventFrom(event, flags, { id: randomUUID(), time: context.now().toISOString() })

      const answer = await intake
        .publish(Array.isArray(given) ? given.map(complete) : complete(given))
        .catch((error: unknown) => {
          const isBare = file === undefined && options.dataset === undefined && error instanceof Refusal
          throw isBare && error.next === undefined ? new CommandFailure(error.message, { next: bareHint }) : error
        })
      const signals = answer.results.flatMap((event) => event.signals)
      const [only] = signals
      if (options.wait && signals.length === 1 && only !== undefined) {
        if (only.known) session.note(`${only.signal} came before and changes nothing: this is what became of it then.`)
        return await followToEnd(session, only.signal)
      }
      session.show(answer, () => answer.results.map(eventText).join('\n'))
      if (options.wait) {
        throw new CommandFailure(`there is no verdict to wait for: ${counted(signals.length, 'signal')} came of it`, {
          next: 'Waiting takes an event that makes exactly one. What was accepted is on its way.',
        })
      }
    })
}

const bareHint = 'The event names no dataset; --dataset FILE posts one and names it.'

function flagsOf(options: Options, dataset: EventFlags['dataset']): EventFlags {
  const { bot, type, source, id, revision, data } = options
  return {
    ...(bot === undefined ? {} : { bot }),
    ...(type === undefined ? {} : { type }),
    ...(source === undefined ? {} : { source }),
    ...(id === undefined ? {} : { id }),
    ...(revision === undefined ? {} : { revision }),
    ...(dataset === undefined ? {} : { dataset }),
    ...(data === undefined ? {} : { data: readData(data) }),
  }
}

function readEvents(text: string, name: string): Event | Event[] {
  const parsed = EventFile.safeParse(parseJsonText(text, name))
  if (parsed.success) return parsed.data
  throw new CommandFailure(`${name} holds neither a CloudEvent nor a list of them`, {
    next: 'Expected a JSON object with type, source, id and data, or a list of such objects.',
  })
}

function readData(text: string): Event {
  const parsed = EventFile.safeParse(parseJsonText(text, '--data'))
  if (parsed.success && !Array.isArray(parsed.data)) return parsed.data
  throw new CommandFailure('--data is not a JSON object', { exitCode: exitCodes.usage })
}

function eventText({ event, accepted, signals, reason }: PublishedEvent): string {
  const name = `Event ${printable(event ?? '(without an id)')}`
  if (signals.length === 0) return `${name}: ${accepted ? '' : 'not accepted, '}${printable(reason ?? 'no signal')}`
  const lines = signals.map(({ signal, trigger, bot, jobType, known }) => {
    const came = known
      ? 'came before and changes nothing'
      : `what becomes of it: trainyard why ${shellWord(printable(bot))}`
    return `${name} is ${signal} for ${printable(bot)} (${jobType}, trigger ${trigger}); ${came}`
  })
  return lines.join('\n')
}
