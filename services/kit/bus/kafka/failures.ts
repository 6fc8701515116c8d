/** What kafkajs throws, as one of ours: one sentence that names the setting to look at. */
import { badInput, broken, TrainyardError, unavailable } from '../../errors.ts'
import { type Cause, causeOf } from './causes.ts'
import type { KafkaSettings } from './settings.ts'

/**
 * Total. What may pass by itself (a broker is away, a leader is elected) is `unavailable`, so retryable; what somebody
 * has to mend is not.
 */
export function kafkaFailure(error: unknown, settings: KafkaSettings): TrainyardError {
  const cause = causeOf(error)
  if (cause.error instanceof TrainyardError) return cause.error
  return (
    ofCredentials(cause, settings) ??
    ofRights(cause, settings) ??
    ofTls(cause) ??
    ofConnection(cause, settings) ??
    ofCoordinator(cause, settings) ??
    (cause.passes
      ? unavailable(`Kafka does not do its part: ${cause.message}`, { cause: error })
      : broken(`Kafka refuses: ${cause.message}`, { cause: error }))
  )
}

function ofCredentials({ name, type, message, error: cause }: Cause, { sasl }: KafkaSettings) {
  // A token that is refused is told of by the answer to whatever is asked next.
  const isState = type === 'ILLEGAL_SASL_STATE'
  if (isState && sasl?.mechanism !== 'oauthbearer')
    return badInput('Kafka does not want to know there who we are, and KAFKA_SASL_MECHANISM is set', {
      hint: 'Unset KAFKA_SASL_MECHANISM, or let KAFKA_BROKERS name the port where it does.',
      cause,
    })
  if (!isState && name !== 'KafkaJSSASLAuthenticationError' && type !== 'UNSUPPORTED_SASL_MECHANISM') return undefined
  if (/not supported/.test(message))
    return badInput(`Kafka does not speak ${sasl?.mechanism}, the mechanism of KAFKA_SASL_MECHANISM`, { cause })
  return sasl === undefined || sasl.mechanism === 'oauthbearer'
    ? badInput(`Kafka does not accept the token of KAFKA_TOKEN_COMMAND: ${message}`, { cause })
    : badInput(`Kafka does not accept KAFKA_USERNAME ${sasl.username} with the password of KAFKA_PASSWORD_FILE`, {
        hint: 'Check both, and KAFKA_SASL_MECHANISM.',
        cause,
      })
}

function ofRights({ type, message, error: cause }: Cause, { sasl, prefix }: KafkaSettings) {
  const what = /^(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED$/.exec(type)?.[1]
  if (what === undefined) return undefined
  const who =
    sasl === undefined
      ? 'whoever comes without KAFKA_SASL_MECHANISM'
      : sasl.mechanism === 'oauthbearer'
        ? 'the bearer of the token of KAFKA_TOKEN_COMMAND'
        : `KAFKA_USERNAME ${sasl.username}`
  return badInput(`Kafka denies ${who} a right that is needed: ${message}`, { hint: rightsFor(what, prefix), cause })
}

function rightsFor(what: string, prefix: string): string {
  const own = `${prefix}trainyard.`
  switch (what) {
    case 'TOPIC':
      return `It needs Read, Write and DescribeConfigs on the topics that begin with ${own}, and Read on those that triggers name; docs/kafka.md lists all rights.`
    case 'GROUP':
      return `It needs Read on the consumer groups that begin with ${own}; docs/kafka.md lists all rights.`
    default:
      return 'It needs IdempotentWrite on the cluster; docs/kafka.md lists all rights.'
  }
}

/** kafkajs keeps to itself why it found none: a broker that is away, or one that does not let us ask. */
function ofCoordinator({ name, message, error: cause }: Cause, { prefix }: KafkaSettings) {
  if (name !== 'KafkaJSGroupCoordinatorNotFound') return undefined
  const hint = `If that goes on, check the rights. ${rightsFor('GROUP', prefix)}`
  return unavailable(`Kafka does not do its part: ${message}`, { hint, cause })
}

/** Ends of a handshake that waiting does not mend, by Node's words for them. */
function ofTls({ code, message, error: cause }: Cause) {
  if (!/^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/.test(code)) return undefined
  // OpenSSL's own messages are dumps of its state; the code says as much.
  const why = /^ERR_(SSL|OSSL)_/.test(code) ? code : message.replace(/^Connection error: /, '').replace(/;.*/, '')
  return badInput(`Kafka and we do not agree on TLS: ${why}`, {
    hint: 'Check KAFKA_TLS_CA_FILE, KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE, and the name in KAFKA_BROKERS.',
    cause,
  })
}

function ofConnection({ name, code, message, error: cause }: Cause, settings: KafkaSettings) {
  // Between two connections to a broker, kafkajs says it without a class.
  const isBetween = message === 'Broker not connected'
  if (!isBetween && !/^KafkaJS(Connection|RequestTimeout|NoBrokerAvailable|BrokerNotFound)/.test(name)) return undefined
  const where = settings.brokers.join(', ')
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unavailable(`KAFKA_BROKERS names a host that cannot be found: ${where}`, {
        hint: 'Check KAFKA_BROKERS.',
        cause,
      })
    case 'ECONNREFUSED':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return unavailable(`no Kafka answers at ${where}, the address of KAFKA_BROKERS`, {
        hint: 'Check KAFKA_BROKERS, and whether Kafka runs there.',
        cause,
      })
    default:
      return unavailable(`Kafka does not speak with us at ${where}, the address of KAFKA_BROKERS: ${message}`, {
        hint: `If that goes on, check ${expectationsOf(settings)}.`,
        cause,
      })
  }
}

/** A broker that was expected to be spoken to in another way hangs up without a word. */
function expectationsOf({ tls, sasl }: KafkaSettings): string {
  const ofTls = tls ? 'whether it speaks TLS there, as KAFKA_TLS says' : 'whether it wants TLS there (KAFKA_TLS)'
  if (sasl === undefined) return `${ofTls}, or to know who we are (KAFKA_SASL_MECHANISM)`
  return sasl.mechanism === 'oauthbearer' ? `${ofTls}, and the token of KAFKA_TOKEN_COMMAND` : ofTls
}
