import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { Logger } from '../../log.ts'
import type { KafkaSettings } from './settings.ts'
import { makeSockets } from './sockets.ts'
import { calmTimers } from './timers.ts'
import { tokenSource } from './token.ts'

/** By which the brokers' logs and quotas know us. */
const clientId = 'trainyard'
/** Time for a name to be looked up, a connection made, and TLS agreed on. */
const connectionLimitMs = 5_000
const authenticationLimitMs = 15_000
/** Of one request; a fetch or a join brings more of its own. */
const requestLimitMs = 15_000
/** Some ten seconds in all: a broker that starts again is waited for, and one that is away is told of soon. */
const retry = { initialRetryTime: 300, factor: 0.2, multiplier: 2, maxRetryTime: 5_000, retries: 5 }

/** Makes a client with connections of its own. */
export type Connect = <C>(make: (kafka: Kafka) => C) => Connected<C>

export interface Connected<C> {
  readonly client: C
  /** Ends whatever it has left of connections; for after it was disconnected. */
  cut(): void
}

/** The one place where kafkajs is set up; everything else is handed what it needs of it. */
export function makeConnect(settings: KafkaSettings, log: Logger): Connect {
  calmTimers()
  return (make) => {
    const sockets = makeSockets()
    const kafka = new Kafka({ ...configOf(settings, log), socketFactory: sockets.factory })
    return { client: make(kafka), cut: sockets.cut }
  }
}

/** Anew for each client: kafkajs writes into what it is given. */
function configOf(settings: KafkaSettings, log: Logger): KafkaConfig {
  const { brokers, tls } = settings
  const sasl = saslOf(settings)
  return {
    clientId,
    brokers: [...brokers],
    connectionTimeout: connectionLimitMs,
    authenticationTimeout: authenticationLimitMs,
    requestTimeout: requestLimitMs,
    retry,
    ...(tls && {
      ssl: {
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
      },
    }),
    ...(sasl && { sasl }),
    // Whatever fails is rejected to whoever asked, who tells it once. kafkajs tells it at every try, and calls it an
    // error when a group merely shares its partitions anew: that is for whoever looks closely.
    logLevel: log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.NOTHING,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, ...facts } = entry.log
      log.debug({ kafkajs: entry.namespace, ...facts }, message)
    },
  }
}

function saslOf({ sasl }: KafkaSettings) {
  if (sasl === undefined) return undefined
  if (sasl.mechanism === 'oauthbearer') {
    const token = tokenSource(sasl.tokenCommand)
    return { mechanism: sasl.mechanism, oauthBearerProvider: async () => ({ value: await token() }) }
  }
  const { mechanism, username, password } = sasl
  // One object per mechanism, as kafkajs types them.
  if (mechanism === 'plain') return { mechanism, username, password }
  if (mechanism === 'scram-sha-256') return { mechanism, username, password }
  return { mechanism, username, password }
}
