import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { type Configuration, defaultConfiguration, parseConfiguration } from '../../schemas/configuration.ts'
import { readValue } from '../../schemas/problems.ts'
import { type KafkaEnvironment, kafkaOf, kafkaVariables } from './bus/kafka/environment.ts'
import { badInput, codeOf, messageOf } from './errors.ts'
import { type KubernetesEnvironment, kubernetesOf, kubernetesVariables } from './kubernetes-environment.ts'
import { logLevels } from './log.ts'

const wholeNumber = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum)

/** A Secret that was made of a file ends in a line break, which no header can carry. */
const token = z
  .string()
  .trim()
  .min(16)
  .regex(/^[\x21-\x7e]*$/, 'expected no spaces, and nothing beyond ASCII')

/** Every environment variable that the services read, with its default. Empty counts as unset. */
export const EnvironmentVariables = z.object({
  DATABASE_URL: z
    .url()
    .optional()
    .describe('PostgreSQL to use. Without it, the one that comes with the package runs in the data directory.'),
  TRAINYARD_DATA_DIR: z
    .string()
    .default('.trainyard')
    .describe('Folder for the embedded PostgreSQL and for attempts that run as processes.'),
  TRAINYARD_CONFIG: z
    .string()
    .optional()
    .describe('The configuration file. Default: trainyard.yaml if there is one, else the built-in configuration.'),
  TRAINYARD_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address to listen on. Anything but loopback needs TRAINYARD_API_TOKEN.'),
  TRAINYARD_PORT: wholeNumber(0, 65_535).default(7070).describe('Port to listen on; 0 takes a free one.'),
  TRAINYARD_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'expected a URL that begins with http:// or https://' })
    .refine(isPlain, 'expected a URL without user, query and fragment: paths are put behind it')
    .optional()
    .describe(
      'How downstream reaches this server; model URLs begin with it. Default: http://HOST:PORT, and 127.0.0.1 where HOST is every address.',
    ),
  TRAINYARD_API_TOKEN: token
    .optional()
    .describe(
      'Callers of the API must send it as a bearer token. Only /health/, /schemas/ and /subjects need none; runners have tokens of their own.',
    ),
  TRAINYARD_READ_TOKEN: token
    .optional()
    .describe(
      'Who sends this one instead may read everything and change nothing: for those who fetch models, and for monitoring. Beside TRAINYARD_API_TOKEN.',
    ),
  TRAINYARD_LOG_LEVEL: z.enum(logLevels).default('info').describe('The least level that is logged.'),
  TRAINYARD_EXECUTOR: z
    .enum(['process', 'kubernetes'])
    .default('process')
    .describe('What carries attempts out: child processes of the launcher, or Kubernetes Jobs.'),
  ...kubernetesVariables,
  TRAINYARD_DATABASE_CONNECTIONS: wholeNumber(4, 1_000)
    .default(10)
    .describe(
      'The most connections of this process to PostgreSQL, beside one for each service in it, one for a launcher, two where there is a launcher or the embedded bus, and one for the embedded PostgreSQL.',
    ),
  TRAINYARD_BLOB_LIMIT_MIB: wholeNumber(1, 1_048_576)
    .default(2_048)
    .describe('The largest single file that is stored, in MiB.'),
  TRAINYARD_LOG_RETENTION_DAYS: wholeNumber(1, 36_500)
    .default(30)
    .describe('How long the embedded log keeps messages that every group has read, in days. Champions stay for ever.'),
  TRAINYARD_HISTORY_DAYS: wholeNumber(1, 36_500)
    .default(400)
    .describe('How long the console keeps the history, and the launcher what training programs wrote, in days.'),
  TRAINYARD_MODEL_DAYS: wholeNumber(1, 36_500)
    .default(30)
    .describe(
      'How long a model is kept after it was rejected or overtaken, in days. One that was ever in force stays: it can be rolled back to.',
    ),
  TRAINYARD_STOP_LIMIT_SECONDS: wholeNumber(1, 3_600)
    .default(20)
    .describe('How long an orderly stop may take before the process exits all the same, in seconds.'),
  ...kafkaVariables,
  SCHEMA_REGISTRY_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Schema registry with Confluent's API, as `https://user:password@host`. Default: the committed ids."),
  TRAINYARD_CRASH_AT: z
    .string()
    .optional()
    .describe('For tests of crashes: the named point of the code at which the process kills itself.'),
})

export interface Environment {
  readonly databaseUrl: string | undefined
  readonly dataDirectory: string
  readonly configurationFile: string | undefined
  readonly host: string
  readonly port: number
  readonly publicUrl: string | undefined
  readonly apiToken: string | undefined
  readonly readToken: string | undefined
  readonly logLevel: (typeof logLevels)[number]
  /** Undefined: attempts are child processes. */
  readonly kubernetes: KubernetesEnvironment | undefined
  readonly databaseConnections: number
  readonly blobLimitBytes: number
  readonly logRetentionDays: number
  readonly historyDays: number
  readonly modelDays: number
  readonly stopLimitMs: number
  /** Undefined: the embedded log carries the events. */
  readonly kafka: KafkaEnvironment | undefined
  readonly schemaRegistryUrl: string | undefined
  readonly crashAt: string | undefined
}

/**
 * Pure: the environment as plain values.
 * @throws badInput that names every wrong variable at once
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const read = readValue(EnvironmentVariables, given, 'the whole')
  if (!read.ok) {
    throw badInput(`the environment is wrong:\n  ${read.problems.join('\n  ')}`, {
      hint: 'Correct or unset these variables.',
    })
  }
  const values = read.value
  if (!isLoopback(values.TRAINYARD_HOST) && values.TRAINYARD_API_TOKEN === undefined) {
    throw badInput(
      `TRAINYARD_HOST=${values.TRAINYARD_HOST} can be reached from other machines, and TRAINYARD_API_TOKEN is not set`,
      {
        hint: 'Set TRAINYARD_API_TOKEN to a secret of 16 characters or more, or listen on 127.0.0.1.',
      },
    )
  }
  if (values.TRAINYARD_READ_TOKEN !== undefined && values.TRAINYARD_API_TOKEN === undefined) {
    throw badInput(
      'TRAINYARD_READ_TOKEN is set, and TRAINYARD_API_TOKEN is not: whoever sends none could do everything',
      {
        hint: 'Set both, or neither.',
      },
    )
  }
  return {
    databaseUrl: values.DATABASE_URL,
    dataDirectory: values.TRAINYARD_DATA_DIR,
    configurationFile: values.TRAINYARD_CONFIG,
    host: values.TRAINYARD_HOST,
    port: values.TRAINYARD_PORT,
    publicUrl: values.TRAINYARD_PUBLIC_URL?.replace(/\/+$/, ''),
    apiToken: values.TRAINYARD_API_TOKEN,
    readToken: values.TRAINYARD_READ_TOKEN,
    logLevel: values.TRAINYARD_LOG_LEVEL,
    kubernetes: kubernetesOf(values),
    databaseConnections: values.TRAINYARD_DATABASE_CONNECTIONS,
    blobLimitBytes: values.TRAINYARD_BLOB_LIMIT_MIB * 1024 * 1024,
    logRetentionDays: values.TRAINYARD_LOG_RETENTION_DAYS,
    historyDays: values.TRAINYARD_HISTORY_DAYS,
    modelDays: values.TRAINYARD_MODEL_DAYS,
    stopLimitMs: values.TRAINYARD_STOP_LIMIT_SECONDS * 1000,
    kafka: kafkaOf(values),
    schemaRegistryUrl: values.SCHEMA_REGISTRY_URL,
    crashAt: values.TRAINYARD_CRASH_AT,
  }
}

function isPlain(url: string): boolean {
  const parsed = URL.parse(url)
  // What is wrong with it then is said already.
  if (parsed === null) return true
  const { username, password, search, hash } = parsed
  return [username, password, search, hash].every((part) => part === '')
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  if (bare === 'localhost' || bare === '::1') return true
  return isIP(bare) === 4 && bare.startsWith('127.')
}

/** Reads trainyard.yaml, or gives the built-in configuration when no file is named and none lies in the working folder. */
export function loadConfiguration(environment: Environment): Configuration {
  const file = environment.configurationFile ?? (existsSync('trainyard.yaml') ? 'trainyard.yaml' : undefined)
  if (file === undefined) return defaultConfiguration()
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const what = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error)
    throw badInput(`the configuration ${file} cannot be read: ${what}`, {
      hint: 'Check --config or TRAINYARD_CONFIG.',
      cause: error,
    })
  }
  return parseConfiguration(text, file)
}
