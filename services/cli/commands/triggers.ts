import type { Command } from 'commander'
import { counted } from '../../kit/figures.ts'
import type { TestedMessage, Trigger } from '../client/intake.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { readText } from '../input.ts'
import { messagesIn } from '../messages.ts'
import { wholeNumber } from '../options.ts'
import type { Style } from '../render/style.ts'
import { printable, table } from '../render/table.ts'
import { openSession, type Session } from '../session.ts'

type TestOptions = { from?: string; topic?: string; last?: number }

export function addTriggers(program: Command, context: Context): void {
  const triggers = program
    .command('triggers')
    .summary('which events call for training, and what would become of some')
    .description('The triggers of the configuration that the server runs with.')

  triggers
    .command('list')
    .summary('the events that each is for')
    .description('Lists the triggers: the events that each is for, and where it looks in them.')
    .action(async (_options: object, command: Command) => {
      const session = openSession(command, context)
      const answer = await session.api.intake.triggers()
      session.show(answer, () =>
        answer.triggers.length === 0 ? 'The configuration has no trigger.' : triggerTable(answer.triggers),
      )
    })

  triggers
    .command('test')
    .summary('show what messages would become, and do nothing')
    .description(
      'Shows what each message would become under a trigger, and why it would be no signal. Nothing is done: no signal, no ' +
        'request, no dead letter. Takes the messages of a file, or the newest of a topic.',
    )
    .argument('<name>', 'the trigger')
    .option('--from <file>', 'messages: JSON Lines, or one JSON, or a list of them; - for standard input')
    .option('--topic <topic>', "take the newest messages of this topic (default: the trigger's own)")
    .option('--last <n>', 'how many of the newest (default: 100)', wholeNumber(1, 1_000))
    .action(async (name: string, options: TestOptions, command: Command) => {
      const session = openSession(command, context)
      const results =
        options.from === undefined ? await testTopic(session, name, options) : await testFile(session, name, options)
      session.show({ results }, () => testText(results, session.style))
    })
}

async function testTopic({ api }: Session, name: string, { topic, last }: TestOptions): Promise<TestedMessage[]> {
  const which = { ...(topic === undefined ? {} : { topic }), ...(last === undefined ? {} : { last }) }
  return (await api.intake.testTrigger(name, which)).results
}

async function testFile(
  { api }: Session,
  name: string,
  { from = '-', topic, last }: TestOptions,
): Promise<TestedMessage[]> {
  if (topic !== undefined || last !== undefined) {
    throw new CommandFailure('messages come from a file or from a topic', {
      next: 'Give --from, or --topic and --last.',
      exitCode: exitCodes.usage,
    })
  }
  const values = messagesIn(await readText(from))
  const results: TestedMessage[] = []
  for (let at = 0; at < values.length; at += testedAtOnce) {
    const messages = values.slice(at, at + testedAtOnce).map((value) => ({ value }))
    results.push(...(await api.intake.testTrigger(name, { messages })).results)
  }
  return results
}

const testedAtOnce = 500

function triggerTable(triggers: readonly Trigger[]): string {
  return table(
    [
      { title: 'TRIGGER' },
      { title: 'TOPIC' },
      { title: 'EVENTS' },
      { title: 'JOB TYPE' },
      { title: 'BOT' },
      { title: 'DATASET' },
    ],
    triggers.map(({ name, topic, type, conditions, jobType, bot, dataset }) => [
      name,
      topic,
      [type, ...conditions.map(({ pointer, equals }) => `${pointer} = ${JSON.stringify(equals)}`)].join(', '),
      jobType,
      bot,
      dataset ?? 'the newest known',
    ]),
  )
}

function testText(results: readonly TestedMessage[], style: Style): string {
  if (results.length === 0) return 'There is no message.'
  const count = (becomes: TestedMessage['becomes']) => results.filter((result) => result.becomes === becomes).length
  const rows = results.map((result, index) => [
    String(index + 1),
    printable(result.event?.eventId ?? ''),
    ...becomesText(result, style),
  ])
  return [
    table(
      [{ title: 'MESSAGE', align: 'right' }, { title: 'EVENT' }, { title: 'WOULD BECOME' }, { title: 'WHY' }],
      rows,
    ),
    `${counted(count('signal'), 'signal')}, ${counted(count('deadLetter'), 'dead letter')}, ${count('nothing')} of no concern.`,
  ].join('\n')
}

function becomesText({ becomes, signal, reason }: TestedMessage, style: Style): [becomes: string, why: string] {
  const why = printable(reason ?? '')
  if (becomes === 'nothing') return ['nothing', why]
  if (signal === null) return [style.bad('dead letter'), why]
  const facts = [
    `for ${printable(signal.bot)} (${signal.jobType})`,
    ...(signal.revision === null ? [] : [`revision ${signal.revision}`]),
    ...(signal.dataset === null ? [] : [`dataset ${printable(signal.dataset)}`]),
    ...(signal.known ? ['came before, so it would change nothing'] : []),
  ]
  return [style.good('signal'), facts.join(', ')]
}
