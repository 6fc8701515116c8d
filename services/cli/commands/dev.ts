import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parseEnvironment } from '../../kit/environment.ts'
import { TrainyardError } from '../../kit/errors.ts'
import { startServices } from '../../kit/run.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { openSession } from '../session.ts'

type Options = { dataDir?: string; port?: number; config?: string }

export function addDev(program: Command, context: Context): void {
  program
    .command('dev')
    .summary('start everything on this machine')
    .description(
      'Starts every service in this process, with a PostgreSQL of its own unless DATABASE_URL names another. ' +
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
      const environment = parse({
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

function parse(variables: Readonly<Record<string, string | undefined>>) {
  try {
    return parseEnvironment(variables)
  } catch (error) {
    throw asFailure(error)
  }
}

function asFailure(error: unknown): unknown {
  return error instanceof TrainyardError && error.hint !== undefined
    ? new CommandFailure(error.message, { next: error.hint, cause: error })
    : error
}

function withoutEmpty(variables: Context['variables']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
}
