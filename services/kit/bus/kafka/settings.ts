import { readFileSync } from 'node:fs'
import { badInput, codeOf, messageOf } from '../../errors.ts'
import type { KafkaEnvironment } from './environment.ts'

/** How Kafka is reached, as plain values. */
export interface KafkaSettings {
  /** host:port, at least one. */
  readonly brokers: readonly string[]
  /** Stands before the names of Trainyard's own topics and consumer groups; a platform's topics are named in full. */
  readonly prefix: string
  /** PEM texts; undefined: no TLS. */
  readonly tls: { readonly ca?: string; readonly certificate?: string; readonly key?: string } | undefined
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly username: string
        readonly password: string
      }
    | { readonly mechanism: 'oauthbearer'; readonly tokenCommand: readonly string[] }
    | undefined
}

/**
 * Reads the secrets from their files.
 * @throws badInput that names the variable whose file cannot be read
 */
export function readKafkaSettings(environment: KafkaEnvironment): KafkaSettings {
  const { brokers, prefix, tls, sasl } = environment
  return {
    brokers,
    prefix,
    tls: tls && {
      ...(tls.caFile === undefined ? {} : { ca: readPem('KAFKA_TLS_CA_FILE', tls.caFile) }),
      ...(tls.certificateFile === undefined
        ? {}
        : { certificate: readPem('KAFKA_TLS_CERT_FILE', tls.certificateFile) }),
      ...(tls.keyFile === undefined ? {} : { key: readPem('KAFKA_TLS_KEY_FILE', tls.keyFile) }),
    },
    sasl:
      sasl === undefined || sasl.mechanism === 'oauthbearer'
        ? sasl
        : { mechanism: sasl.mechanism, username: sasl.username, password: readPassword(sasl.passwordFile) },
  }
}

function readPassword(file: string): string {
  const password = read('KAFKA_PASSWORD_FILE', file).replace(/\r?\n$/, '')
  if (password === '') throw badInput(`the file of KAFKA_PASSWORD_FILE is empty: ${file}`)
  return password
}

function readPem(variable: string, file: string): string {
  const text = read(variable, file)
  if (!text.includes('-----BEGIN ')) throw badInput(`the file of ${variable} holds nothing in PEM: ${file}`)
  return text
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const what = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error)
    throw badInput(`the file of ${variable} cannot be read: ${file}: ${what}`, {
      hint: `Check ${variable}.`,
      cause: error,
    })
  }
}
