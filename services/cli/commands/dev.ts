import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { startServices } from '../../kit/run.ts'
import type { Context } from '../context.ts'
import { asFailure, environmentOf } from '../environment.ts'
import { wholeNumber } from '../options.ts'
import { openSession } from '../session.ts'

type Options = { dataDir?: string; port?: number; config?: string }

export function addDev(program: Command, context: Context): void {
  program
    .command('dev')
    .summary('start everything on this machine')
    .description(
      'Starts every service in this process, with a PostgreSQL of its own unless DATABASE_URL names another, and ' +
        'its events in a log there unless KAFKA_BROKERS names a Kafka. ' +
        'What is under way when it stops, or is killed, goes on when it starts again.',
    )
    .option('--data-dir <dir>', 'where it keeps its data (default: TRAINYARD_DATA_DIR, else .trainyard)')
    .option(
      '--port <port>',
      'port to listen on, 0 for a free one (default: TRAINYARD_PORT, else 7070)',
      wholeNumber(0, 65_535),
    )
    .option('--config <file>', 'the configuration (default: TRAINYARD_CONFIG, else trainyard.yaml if there is one)')
    .action(async (options: Options, command: Command) => {
      const { show, style } = openSession(command, context)
      const environment = environmentOf({
        // Logs are for machines; at a terminal the few lines below say what a person needs.
        TRAINYARD_LOG_LEVEL: 'warn',
        ...withoutEmpty(context.variables),
        ...(options.dataDir === undefined ? {} : { TRAINYARD_DATA_DIR: options.dataDir }),
        ...(options.port === undefined ? {} : { TRAINYARD_PORT: String(options.port) }),
        ...(options.config === undefined ? {} : { TRAINYARD_CONFIG: options.config }),
      })
      // Loaded only here: no other command has a use for the services' code.
      const { everyService } = await import('../../all.ts')
      const { url } = await startServices(everyService, environment).catch((error: unknown) => {
        throw asFailure(error)
      })
      const dataDirectory = resolve(environment.dataDirectory)
      const file = environment.configurationFile ?? (existsSync('trainyard.yaml') ? 'trainyard.yaml' : null)
      const configuration = file === null ? null : resolve(file)
      show(
        { url, dataDirectory, configuration, process: process.pid },
        () => `${style.good('Trainyard is ready')} at ${style.bold(url)}
  data           ${environment.databaseUrl === undefined ? dataDirectory : 'in the database of DATABASE_URL'}
  events         ${environment.kafka === undefined ? 'in a log there' : `on Kafka, ${environment.kafka.brokers.join(', ')}`}
  configuration  ${configuration ?? 'built in: job type intents, trigger bot-edited on bot.updated'}
  API            ${url}/openapi.json
In another terminal: trainyard publish --bot mine --dataset FILE --wait${hintOf(url)}
Ctrl-C stops it.
`,
      )
      await new Promise<never>(() => {})
    })
}

const hintOf = (url: string) => (url.endsWith(':7070') ? '' : ` --url ${url}`)

function withoutEmpty(variables: Context['variables']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
}
