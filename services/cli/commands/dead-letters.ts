import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { counted } from '../../kit/figures.ts'
import type { DeadLetter, DeadLetterWhere, HeaderValue, WholeDeadLetter } from '../client/console.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { bytes, relative } from '../render/figures.ts'
import { clip, facts, printable, table } from '../render/table.ts'
import { openSession, type Session } from '../session.ts'

type Where = { topic?: string; reasonContains?: string; since?: string }
type ListOptions = Where & { waiting?: true; limit: number; before?: number }
type ReplayOptions = Where & { reason: string; force?: true; all?: true; dryRun?: true }

export function addDeadLetters(program: Command, context: Context): void {
  const letters = program
    .command('dead-letters')
    .summary('messages that were not understood')
    .description('Messages that were not understood, with their bytes, their place and the reason.')

  where(letters.command('list').summary('which there are, newest first').description('Lists them, newest first.'))
    .option('--waiting', 'only those that nobody has replayed')
    .option('--limit <n>', 'how many at most', wholeNumber(1, 500), 20)
    .option('--before <id>', 'go on below this one', wholeNumber(1))
    .action(async (options: ListOptions, command: Command) => {
      const session = openSession(command, context)
      const answer = await session.api.console.deadLetters(options)
      session.show(answer, () =>
        answer.deadLetters.length === 0 ? 'No dead letters.' : letterTable(answer.deadLetters, context),
      )
      if (answer.next !== null) session.note(`There are more: --before ${answer.next}`)
    })

  letters
    .command('show')
    .summary('one with its bytes')
    .description('Shows one: its place, its reason, its headers and its bytes.')
    .argument('<id>', 'its number')
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(command, context)
      const letter = await session.api.console.deadLetter(id)
      session.show(letter, () => letterPage(letter, session))
      const cut = cutOf(letter)
      if (cut !== null && session.json) session.note(`Its value is ${cut}.`)
    })

  where(
    letters
      .command('replay')
      .summary('send some back where they came from')
      .description('Sends one, or all that were never replayed, back where they came from.'),
  )
    .argument('[id]', 'its number')
    .option('--all', 'all that fit the conditions and were never replayed')
    .option('--dry-run', 'with --all: say what would be sent, and send nothing')
    .option('--force', 'also if it was replayed before')
    .requiredOption('--reason <text>', 'why, for the record')
    .action(async (id: string | undefined, options: ReplayOptions, command: Command) => {
      const session = openSession(command, context)
      if ((id === undefined) === (options.all !== true)) {
        throw new CommandFailure('which dead letter is meant is not clear', {
          next: 'Give the number of one, or --all.',
          exitCode: exitCodes.usage,
        })
      }
      if (id === undefined) {
        refuse(options, ['force'], '--all')
        await replayAll(session, options)
      } else {
        refuse(options, ['dryRun', 'topic', 'reasonContains', 'since'], 'the number of one')
        await replayOne(session, id, options)
      }
    })
}

const flags = {
  force: '--force',
  dryRun: '--dry-run',
  topic: '--topic',
  reasonContains: '--reason-contains',
  since: '--since',
} as const

/** An option that is not heeded is no small matter: without `--dry-run` it is sent. */
function refuse(options: ReplayOptions, names: readonly (keyof typeof flags)[], given: string): void {
  const unheeded = names.find((name) => options[name] !== undefined)
  if (unheeded === undefined) return
  throw new CommandFailure(`${flags[unheeded]} means nothing with ${given}`, {
    next: 'Leave it out. Nothing was sent.',
    exitCode: exitCodes.usage,
  })
}

const where = (command: Command): Command =>
  command
    .option('--topic <name>', 'only from this topic')
    .option('--reason-contains <text>', 'only with this in their reason')
    .addOption(
      new Option('--since <time>', 'only since this time, as 2026-03-01 or 2026-03-01T12:00:00Z').argParser(time),
    )

async function replayOne(session: Session, id: string, { reason, force }: ReplayOptions): Promise<void> {
  const person = { actor: session.actor, reason }
  const answer = await session.api.console.replay(id, { ...person, force: force === true })
  session.show(answer, () => `Dead letter ${answer.id} is on its way to ${answer.topic} again.`)
}

/**
 * The server replays a page at a time; going on after the last one reaches them all. What is not understood this time either
 * comes back as a newer one, and is not chased.
 */
async function replayAll(session: Session, options: ReplayOptions): Promise<void> {
  const { topic, reasonContains, since, reason, dryRun } = options
  const conditions: DeadLetterWhere = {
    ...(topic === undefined ? {} : { topic }),
    ...(reasonContains === undefined ? {} : { reasonContains }),
    ...(since === undefined ? {} : { since }),
  }
  const [newest] = (await session.api.console.deadLetters({ limit: 1 })).deadLetters
  const replayed: number[] = []
  const refused: { id: number; reason: string }[] = []
  for (let after: number | undefined; ; ) {
    const page = await session.api.console.replayMany({
      actor: session.actor,
      reason,
      where: conditions,
      dryRun: dryRun === true,
      ...(after === undefined ? {} : { after }),
      ...(newest === undefined ? {} : { upTo: newest.id }),
    })
    replayed.push(...page.replayed)
    refused.push(...page.refused)
    if (page.next === null) break
    after = page.next
  }
  session.show({ dryRun: dryRun === true, replayed, refused }, () => {
    const verb = dryRun === true ? 'would be sent back' : 'on the way back'
    const lines = [`${counted(replayed.length, 'dead letter')} ${verb}.`]
    return [...lines, ...refused.map(({ id, reason }) => `${id} cannot be sent back: ${reason}`)].join('\n')
  })
}

function letterTable(letters: readonly DeadLetter[], context: Context): string {
  const rows = letters.map((letter) => [
    String(letter.id),
    relative(letter.deadLetteredAt, context.now()),
    printable(letter.topic ?? '–'),
    bytes(letter.bytes),
    letter.replays === 0 ? '' : `${letter.replays}×`,
    clip(printable(letter.reason), 100),
  ])
  return table(
    [
      { title: 'ID', align: 'right' },
      { title: 'SINCE' },
      { title: 'FROM' },
      { title: 'SIZE', align: 'right' },
      { title: 'REPLAYED' },
      { title: 'REASON' },
    ],
    rows,
  )
}

function letterPage(letter: WholeDeadLetter, { style, context }: Session): string {
  const now = context.now()
  const place = [
    letter.topic ?? 'an unknown topic',
    ...(letter.partition === null ? [] : [`partition ${letter.partition}`]),
    ...(letter.offset === null ? [] : [`offset ${letter.offset}`]),
  ].join(', ')
  const content = (part: WholeDeadLetter['key']) =>
    part === null ? null : part.encoding === 'utf8' ? printable(part.content) : `base64 ${part.content}`
  return [
    style.bold(`Dead letter ${letter.id}\n`),
    facts([
      ['reason', printable(letter.reason)],
      ['since', `${relative(letter.deadLetteredAt, now)} (${letter.deadLetteredAt.toISOString()})`],
      ['came from', printable(place)],
      ['consumers', letter.group],
      ['key', content(letter.key)],
      ['size', bytes(letter.bytes)],
    ]),
    ...letter.replayed.map(
      ({ at, actor, reason }) => `replayed ${relative(at, now)} by ${printable(actor)}: ${printable(reason)}\n`,
    ),
    style.bold('\nHeaders\n'),
    facts(Object.entries(letter.headers).flatMap(([name, value]) => headerLines(name, value))),
    style.bold('\nBytes\n'),
    `${content(letter.value) ?? '(none)'}\n`,
    cutOf(letter) === null ? '' : style.faint(`(${cutOf(letter)})\n`),
  ].join('')
}

/** The server shows the beginning of what is large. */
function cutOf({ value, bytes: all }: WholeDeadLetter): string | null {
  if (value === null) return null
  const shown = Buffer.byteLength(value.content, value.encoding)
  return shown < all ? `the first ${bytes(shown)} of ${bytes(all)}` : null
}

/** A header that occurs more than once is as many lines. */
function headerLines(name: string, value: HeaderValue | readonly HeaderValue[]): [string, string][] {
  const values = Array.isArray(value) ? value : [value]
  return values.map((each: HeaderValue) => [
    printable(name),
    typeof each === 'string' ? printable(each) : `base64 ${each.base64}`,
  ])
}

/** Only what says its year, month and day: JavaScript takes a lone 5 for May 2001, and the 30th of February for a day in March. */
function time(text: string): string {
  const parsed = z.iso
    .date()
    .or(z.iso.datetime({ offset: true }))
    .safeParse(text)
  if (!parsed.success) throw new InvalidArgumentError('Expected a time such as 2026-03-01 or 2026-03-01T12:00:00Z.')
  return new Date(parsed.data).toISOString()
}
