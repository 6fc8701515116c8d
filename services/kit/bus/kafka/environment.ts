/** The part of the environment that says how Kafka is reached: which variables there are, and which belong together. */
import { z } from 'zod'
import { badInput } from '../../errors.ts'
import { messageBytes, usualDeadLetterBytes } from './topics/wanted.ts'

const broker = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/
const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const

const words = (separator: RegExp) => (text: string) => text.split(separator).filter((word) => word !== '')

export const kafkaVariables = {
  KAFKA_BROKERS: z
    .string()
    .transform(words(/[\s,]+/))
    .refine((brokers) => brokers.length > 0 && brokers.every((each) => broker.test(each)), {
      error: 'expected host:port, or several of them with commas between',
    })
    .optional()
    .describe('Apache Kafka to use: `host:port`, several with commas between. Without it, a log in PostgreSQL.'),
  KAFKA_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,100}$/, 'expected letters, digits, dots, dashes and underscores')
    .optional()
    .describe("Stands before the names of Trainyard's own topics and consumer groups, as `staging.`."),
  KAFKA_TLS: z.enum(['true', 'false']).default('false').describe('Whether the brokers are spoken to over TLS.'),
  KAFKA_TLS_CA_FILE: z
    .string()
    .optional()
    .describe("With TLS: file with the authority's certificates (PEM). Default: those that Node knows."),
  KAFKA_TLS_CERT_FILE: z.string().optional().describe('With TLS: file with our own certificate (PEM).'),
  KAFKA_TLS_KEY_FILE: z.string().optional().describe('With TLS: file with the key to that certificate (PEM).'),
  KAFKA_SASL_MECHANISM: z
    .string()
    .toLowerCase()
    .pipe(z.enum(mechanisms))
    .optional()
    .describe(`How we say who we are: ${mechanisms.map((name) => `\`${name}\``).join(', ')}. Without it, not at all.`),
  KAFKA_USERNAME: z.string().optional().describe('With `plain` and `scram-…`: the user.'),
  KAFKA_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('With `plain` and `scram-…`: file that holds the password. A line end at its end does not count.'),
  KAFKA_TOKEN_COMMAND: z
    .string()
    .transform(words(/\s+/))
    .optional()
    .describe('With `oauthbearer`: program and arguments, by spaces, that print a token. No shell reads it.'),
  KAFKA_TOPIC_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(6)
    .describe("How many partitions Trainyard's own topics have at least."),
  KAFKA_TOPIC_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('How many brokers hold each of them. Default: three, or as many as there are, when they are created.'),
  KAFKA_DEAD_LETTER_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(messageBytes)
    .default(usualDeadLetterBytes)
    .describe(
      'The largest message that the topic of dead letters takes, where a cluster allows none so large: larger ones are set aside in the database.',
    ),
}

type Variables = z.infer<z.ZodObject<typeof kafkaVariables>>
type Mechanism = (typeof mechanisms)[number]

/** Secrets are named by their files, and read when Kafka is connected to. */
export interface KafkaEnvironment {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly tls: { readonly caFile?: string; readonly certificateFile?: string; readonly keyFile?: string } | undefined
  readonly sasl:
    | {
        readonly mechanism: Exclude<Mechanism, 'oauthbearer'>
        readonly username: string
        readonly passwordFile: string
      }
    | { readonly mechanism: 'oauthbearer'; readonly tokenCommand: readonly string[] }
    | undefined
  readonly topicPartitions: number
  /** Undefined: what suits the cluster when a topic is created; an existing one may have any. */
  readonly topicReplication: number | undefined
  readonly deadLetterBytes: number
}

/**
 * Pure.
 * @returns undefined without KAFKA_BROKERS
 * @throws badInput that names the variable that is missing, or set and without effect
 */
export function kafkaOf(variables: Variables): KafkaEnvironment | undefined {
  const { KAFKA_BROKERS: brokers } = variables
  if (brokers === undefined) return undefined
  return {
    brokers,
    prefix: variables.KAFKA_PREFIX ?? '',
    tls: tlsOf(variables),
    sasl: saslOf(variables),
    topicPartitions: variables.KAFKA_TOPIC_PARTITIONS,
    topicReplication: variables.KAFKA_TOPIC_REPLICATION,
    deadLetterBytes: variables.KAFKA_DEAD_LETTER_MAX_BYTES,
  }
}

function tlsOf(variables: Variables): KafkaEnvironment['tls'] {
  if (variables.KAFKA_TLS === 'false') {
    refuseWithoutEffect(variables, 'KAFKA_TLS is not true', [
      'KAFKA_TLS_CA_FILE',
      'KAFKA_TLS_CERT_FILE',
      'KAFKA_TLS_KEY_FILE',
    ])
    return undefined
  }
  const { KAFKA_TLS_CA_FILE: caFile, KAFKA_TLS_CERT_FILE: certificateFile, KAFKA_TLS_KEY_FILE: keyFile } = variables
  if (certificateFile !== undefined) demand(variables, 'KAFKA_TLS_KEY_FILE', 'KAFKA_TLS_CERT_FILE is set')
  if (keyFile !== undefined) demand(variables, 'KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE is set')
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certificateFile === undefined ? {} : { certificateFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  }
}

const ofPasswords = ['KAFKA_USERNAME', 'KAFKA_PASSWORD_FILE'] as const
const ofTokens = ['KAFKA_TOKEN_COMMAND'] as const

function saslOf(variables: Variables): KafkaEnvironment['sasl'] {
  const { KAFKA_SASL_MECHANISM: mechanism } = variables
  if (mechanism === undefined) {
    refuseWithoutEffect(variables, 'KAFKA_SASL_MECHANISM is not', [...ofPasswords, ...ofTokens])
    return undefined
  }
  const because = `KAFKA_SASL_MECHANISM is ${mechanism}`
  if (mechanism === 'oauthbearer') {
    refuseWithoutEffect(variables, because, ofPasswords)
    return { mechanism, tokenCommand: demand(variables, 'KAFKA_TOKEN_COMMAND', because) }
  }
  refuseWithoutEffect(variables, because, ofTokens)
  return {
    mechanism,
    username: demand(variables, 'KAFKA_USERNAME', because),
    passwordFile: demand(variables, 'KAFKA_PASSWORD_FILE', because),
  }
}

function demand<N extends keyof Variables>(variables: Variables, name: N, because: string): NonNullable<Variables[N]> {
  const value = variables[name]
  if (value != null) return value
  throw badInput(`${because}, and ${name} is not set`, { hint: `Set ${name}.` })
}

/** A setting without effect is a mistake of whoever set it, and a wrong guess at what was meant could cost a secret. */
function refuseWithoutEffect(variables: Variables, because: string, names: readonly (keyof Variables)[]): void {
  const name = names.find((each) => variables[each] !== undefined)
  if (name !== undefined)
    throw badInput(`${name} is set, and ${because}`, { hint: `Unset ${name}, or set what it belongs to.` })
}
