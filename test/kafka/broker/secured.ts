import { freePort } from '../../harness/ports.ts'
import { type Broker, startBroker } from './broker.ts'
import { type Certificate, makeCertificate } from './certificate.ts'

/** Who may do everything, and who may do nothing but prove who he is. */
export const users = { trusted: 'trusted-secret', stranger: 'stranger-secret' } as const

export interface SecuredBroker extends Broker {
  /** `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` and `OAUTHBEARER` (unsecured tokens), without and with TLS. */
  readonly sasl: string
  readonly saslOverTls: string
  /** TLS, where the client shows a certificate too. */
  readonly tls: string
  /** What the broker shows, and therefore what its clients must trust. */
  readonly authority: string
  readonly client: Certificate
}

/** One broker with a listener for each way to prove who one is, and rights that are checked. Its plain listener may do everything. */
export async function startSecuredBroker(): Promise<SecuredBroker> {
  const ports = { SASL_PLAINTEXT: await freePort(), SASL_SSL: await freePort(), SSL: await freePort() }
  const own = await makeCertificate('broker')
  const client = await makeCertificate('trusted')
  const broker = await startBroker({
    secured: ports,
    scramUsers: Object.entries(users).flatMap(([name, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[name=${name},password=${password}]`),
    ),
    properties: {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      ...saslProperties('sasl_plaintext'),
      ...saslProperties('sasl_ssl'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': onOneLine(own.key),
      'ssl.keystore.certificate.chain': onOneLine(own.certificate),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': onOneLine(client.certificate),
      'listener.name.ssl.ssl.client.auth': 'required',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:trusted;User:CN=trusted',
    },
  })
  return {
    ...broker,
    sasl: `127.0.0.1:${ports.SASL_PLAINTEXT}`,
    saslOverTls: `127.0.0.1:${ports.SASL_SSL}`,
    tls: `127.0.0.1:${ports.SSL}`,
    authority: own.certificate,
    client,
  }
}

/** A token that the broker takes at its word, as nobody does outside a test. */
export function unsecuredToken(subject: string, { lifetimeSeconds = 300 } = {}): string {
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: nowSeconds, exp: nowSeconds + lifetimeSeconds })}.`
}

function saslProperties(listener: string): Record<string, string> {
  const module = (name: string, options = '') => `org.apache.kafka.common.security.${name} required${options};`
  const known = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  const modules = {
    plain: module('plain.PlainLoginModule', known.join('')),
    'scram-sha-256': module('scram.ScramLoginModule'),
    'scram-sha-512': module('scram.ScramLoginModule'),
    oauthbearer: module('oauthbearer.OAuthBearerLoginModule', ' unsecuredLoginStringClaim_sub="broker"'),
  }
  return Object.fromEntries(
    Object.entries(modules).map(([mechanism, text]) => [
      `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
      text,
    ]),
  )
}

/** A properties file ends a value at the line's end, unless told that it goes on. */
const onOneLine = (pem: string) => pem.trim().replaceAll('\n', ' \\\n')
