import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { KafkaConfig, SASLOptions } from 'kafkajs'
import { type SecuredBroker, startSecuredBroker, unsecuredToken, users } from './secured.ts'
import { plainKafka } from './topics.ts'

let broker: SecuredBroker

before(async () => {
  broker = await startSecuredBroker()
})
after(() => broker.stop())

async function makeTopic(topic: string, address: string, config: Partial<KafkaConfig>): Promise<void> {
  const admin = plainKafka([address], { retry: { retries: 0 }, ...config }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic }] })
  } finally {
    await admin.disconnect()
  }
}

const trusted = { username: 'trusted', password: users.trusted }
const ways: Readonly<Record<string, SASLOptions>> = {
  PLAIN: { mechanism: 'plain', ...trusted },
  'SCRAM-SHA-256': { mechanism: 'scram-sha-256', ...trusted },
  'SCRAM-SHA-512': { mechanism: 'scram-sha-512', ...trusted },
  OAUTHBEARER: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: unsecuredToken('trusted') }) },
}

for (const [name, sasl] of Object.entries(ways)) {
  test(`who proves by ${name} that he is trusted may make a topic, with TLS and without`, async () => {
    await makeTopic(`plain-${name}`, broker.sasl, { sasl })
    await makeTopic(`tls-${name}`, broker.saslOverTls, { sasl, ssl: { ca: broker.authority } })
  })
}

test('who shows a trusted certificate may make a topic; who shows none is not let in', async () => {
  const { authority, client } = broker
  const ssl = { ca: authority, cert: client.certificate, key: client.key }
  await makeTopic('by-certificate', broker.tls, { ssl })
  await assert.rejects(makeTopic('without', broker.tls, { ssl: { ca: authority } }))
})

test('who is known and has no rights is refused, and so is a wrong password', async () => {
  const stranger = (password: string): Partial<KafkaConfig> => ({
    sasl: { mechanism: 'plain', username: 'stranger', password },
  })
  await assert.rejects(makeTopic('refused', broker.sasl, stranger(users.stranger)), (error) =>
    inspect(error).includes('TOPIC_AUTHORIZATION_FAILED'),
  )
  await assert.rejects(makeTopic('refused', broker.sasl, stranger('wrong')), /authentication/i)
})
