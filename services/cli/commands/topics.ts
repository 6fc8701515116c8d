import { type Command, Option } from 'commander'
import { type Difference, differenceText } from '../../kit/bus/kafka/topics/differences.ts'
import type { Reset, ResetRequest } from '../../kit/bus/kafka/topics/reset.ts'
import type { LeftOver } from '../../kit/bus/kafka/topics/topics.ts'
import type { Environment } from '../../kit/environment.ts'
import { counted, number } from '../../kit/figures.ts'
import { type Logger, openLog } from '../../kit/log.ts'
import type { Context } from '../context.ts'
import { asFailure, environmentOf } from '../environment.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { table } from '../render/table.ts'
import { openSession } from '../session.ts'

type ApplyOptions = { addPartitions?: true }
type ResetOptions = Pick<ResetRequest, 'to'> & { group?: string; lost?: true; dryRun?: true }

export function addTopics(program: Command, context: Context): void {
  const topics = program
    .command('topics')
    .summary("Trainyard's own topics on Kafka")
    .description(
      "Trainyard's own topics on the Kafka of KAFKA_BROKERS. Nothing makes them by itself, and no service starts on wrong ones. " +
        "These commands read the services' environment and speak to Kafka themselves.",
    )

  topics
    .command('plan')
    .summary('what is not as it should be')
    .description('Says what is not as it should be, and changes nothing.')
    .action(async (_options: object, command: Command) => {
      const session = openSession(command, context)
      const differences = await operate(context, ({ planTopics }, environment, log) => planTopics(environment, log))
      session.show(
        { differences: differences.map(plain) },
        () => lines(differences) || 'Everything is as it should be.',
      )
      if (differences.length > 0) session.note('To mend it: trainyard topics apply')
    })

  topics
    .command('apply')
    .summary('make what is missing, and mend what is wrong')
    .description(
      'Makes the topics that are missing, and sets what is set wrongly. What cannot be mended without a person is left, and said.',
    )
    .option(
      '--add-partitions',
      "also adds partitions where a topic has too few; a bot's events then change their partition, so do it while every service has read all there is, and is stopped",
    )
    .action(async ({ addPartitions }: ApplyOptions, command: Command) => {
      const session = openSession(command, context)
      const { found, left } = await operate(context, ({ applyTopics }, environment, log) =>
        applyTopics(environment, log, { addPartitions: addPartitions === true }),
      )
      const mended = found.filter((difference) => !left.some((each) => each === difference))
      session.show({ mended: mended.map(plain), left: left.map(plain) }, () =>
        [mended.length === 0 ? 'There was nothing to mend.' : `Mended:\n${lines(mended)}`]
          .concat(left.length === 0 ? [] : [`Left:\n${lines(left)}`])
          .join('\n'),
      )
      if (left.length > 0)
        throw new CommandFailure(`${counted(left.length, 'difference')} left`, { next: waysOut(left) })
    })

  topics
    .command('reset')
    .summary('let consumer groups go on elsewhere')
    .description(
      'Sets where a consumer group of Trainyard goes on, in the database of DATABASE_URL; its service must be stopped. ' +
        'From the beginning, everything that the topic holds is read again, and what was handled before changes nothing. ' +
        'From the end, what was not read is left out for good.',
    )
    .argument('[topic]', 'the topic, without KAFKA_PREFIX')
    .option('--group <name>', 'the group, without KAFKA_PREFIX, such as console or intake-runs')
    .option('--lost', 'instead of one: every group that was to go on where its topic holds nothing')
    .addOption(new Option('--to <where>', 'where to go on').choices(['beginning', 'end']).makeOptionMandatory())
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(async (topic: string | undefined, options: ResetOptions, command: Command) => {
      const session = openSession(command, context)
      const request = { which: whichOf(topic, options), to: options.to }
      const dryRun = options.dryRun === true
      const resets = await operate(context, ({ resetPositions }, environment, log) =>
        resetPositions(environment, log, request, { dryRun }),
      )
      session.show({ to: options.to, dryRun, resets }, () =>
        resets.length === 0
          ? 'Every group goes on where its topic holds something.'
          : resets.map((reset) => resetPage(reset, options.to, dryRun)).join('\n'),
      )
    })
}

function whichOf(topic: string | undefined, { group, lost }: ResetOptions): ResetRequest['which'] {
  if (topic !== undefined && group !== undefined && lost === undefined) return { topic, group }
  if (topic === undefined && group === undefined && lost === true) return 'lost'
  throw new CommandFailure('which positions are meant is not clear', {
    next: 'Give a topic and its --group, or --lost.',
    exitCode: exitCodes.usage,
  })
}

type Operations = typeof import('../../kit/bus/kafka/operate.ts')
type Work<T> = (operations: Operations, environment: Environment, log: Logger) => Promise<T>

async function operate<T>(context: Context, work: Work<T>): Promise<T> {
  const environment = environmentOf({ ...context.variables, TRAINYARD_LOG_LEVEL: 'warn' })
  try {
    // Loaded only here: no other command has a use for Kafka.
    return await work(await import('../../kit/bus/kafka/operate.ts'), environment, openLog(environment.logLevel))
  } catch (error) {
    throw asFailure(error)
  }
}

const lines = (differences: readonly Difference[]): string =>
  differences.map((difference) => `  ${differenceText(difference)}`).join('\n')

const plain = (difference: Difference) => ({
  topic: difference.topic.name,
  kind: difference.kind,
  difference: differenceText(difference),
})

const ways: Readonly<Record<LeftOver['kind'], string>> = {
  partitions: 'Add partitions with --add-partitions, or set KAFKA_TOPIC_PARTITIONS lower.',
  replication:
    "Spread the topic over more brokers with Kafka's own kafka-reassign-partitions, or set KAFKA_TOPIC_REPLICATION lower.",
}

const waysOut = (left: readonly LeftOver[]): string => [...new Set(left.map(({ kind }) => ways[kind]))].join(' ')

function resetPage({ group, topic, partitions }: Reset, to: ResetRequest['to'], dryRun: boolean): string {
  const verb = dryRun ? 'would go on' : 'goes on'
  return `${group} ${verb} at the ${to} of ${topic}:\n${table(
    [
      { title: 'PARTITION', align: 'right' },
      { title: 'RECORDED', align: 'right' },
      { title: 'TOPIC HOLDS' },
      { title: 'GOES ON AT', align: 'right' },
    ],
    partitions.map(({ partition, recorded, low, high, next }) => [
      String(partition),
      recorded === undefined ? '–' : number(recorded),
      low === high ? 'nothing' : `${number(low)} to ${number(high - 1)}`,
      number(next),
    ]),
  )}`
}
