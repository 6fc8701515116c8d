import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import kafkajs from 'kafkajs'
import { trainyard } from '../../cli/server.ts'
import { message } from '../../kit/bus/group.ts'
import { type SecuredBroker, startSecuredBroker, unsecuredToken, users } from '../broker/secured.ts'
import { withAdmin } from '../broker/topics.ts'
import { openClient, settingsFor } from '../bus/given.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

let broker: SecuredBroker
let directory: string

before(async () => {
  broker = await startSecuredBroker()
  directory = await mkdtemp(join(tmpdir(), 'bad-input-'))
  const files = {
    authority: broker.authority,
    certificate: broker.client.certificate,
    key: broker.client.key,
    trusted: users.trusted,
    stranger: users.stranger,
    wrong: 'not the password',
    token: unsecuredToken('trusted'),
    expired: unsecuredToken('trusted', { lifetimeSeconds: -60 }),
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  await trainyard(['topics', 'apply'], { KAFKA_BROKERS: broker.brokers.join() })
})
after(async () => {
  await broker.stop()
  await rm(directory, { recursive: true })
})

const file = (name: string) => join(directory, name)
const tls = () => ({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: file('authority') })
const login = (mechanism: string, username: string, password: string) => ({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_USERNAME: username,
  KAFKA_PASSWORD_FILE: file(password),
})
const bearer = (command: string) => ({ KAFKA_SASL_MECHANISM: 'OAUTHBEARER', KAFKA_TOKEN_COMMAND: command })

const plan = (variables: Record<string, string>) => trainyard(['topics', 'plan', '--json'], variables)

type Variables = () => Record<string, string>

const goodWays: Record<string, Variables> = {
  'a user with his password': () => ({ KAFKA_BROKERS: broker.sasl, ...login('PLAIN', 'trusted', 'trusted') }),
  'SCRAM over TLS': () => ({
    KAFKA_BROKERS: broker.saslOverTls,
    ...tls(),
    ...login('SCRAM-SHA-512', 'trusted', 'trusted'),
  }),
  'a token that a command prints': () => ({ KAFKA_BROKERS: broker.sasl, ...bearer(`cat ${file('token')}`) }),
  'a certificate': () => ({
    KAFKA_BROKERS: broker.tls,
    ...tls(),
    KAFKA_TLS_CERT_FILE: file('certificate'),
    KAFKA_TLS_KEY_FILE: file('key'),
  }),
}
for (const [name, variables] of Object.entries(goodWays)) {
  test(`Kafka lets in ${name}`, async () => {
    const { exitCode, out, err } = await plan(variables())
    assert.equal(exitCode, 0, err)
    assert.deepEqual(JSON.parse(out), { differences: [] })
  })
}

const badWays: Record<string, [variables: Variables, sentence: RegExp]> = {
  'a wrong address': [() => ({ KAFKA_BROKERS: '127.0.0.1:1' }), /no Kafka answers at 127\.0\.0\.1:1.*KAFKA_BROKERS/],
  'a host that there is not': [
    () => ({ KAFKA_BROKERS: 'kafka.invalid:9092' }),
    /KAFKA_BROKERS names a host that cannot be found: kafka\.invalid:9092/,
  ],
  'a wrong password': [
    () => ({ KAFKA_BROKERS: broker.sasl, ...login('SCRAM-SHA-256', 'trusted', 'wrong') }),
    /does not accept KAFKA_USERNAME trusted with the password of KAFKA_PASSWORD_FILE/,
  ],
  'an expired token': [
    () => ({ KAFKA_BROKERS: broker.sasl, ...bearer(`cat ${file('expired')}`) }),
    /does not accept the token of KAFKA_TOKEN_COMMAND/,
  ],
  'a token command that fails': [
    () => ({ KAFKA_BROKERS: broker.sasl, ...bearer('false') }),
    /the program of KAFKA_TOKEN_COMMAND gave no token: it ended with exit code 1/,
  ],
  'credentials where none are wanted': [
    () => ({ KAFKA_BROKERS: broker.brokers.join(), ...login('PLAIN', 'trusted', 'trusted') }),
    /does not want to know there who we are, and KAFKA_SASL_MECHANISM is set/,
  ],
  'no credentials where some are wanted': [() => ({ KAFKA_BROKERS: broker.sasl }), /KAFKA_SASL_MECHANISM/],
  'no TLS where it is wanted': [
    () => ({ KAFKA_BROKERS: broker.tls }),
    /check whether it wants TLS there \(KAFKA_TLS\)/,
  ],
  'TLS where there is none': [
    () => ({ KAFKA_BROKERS: broker.brokers.join(), ...tls() }),
    /check whether it speaks TLS there, as KAFKA_TLS says/,
  ],
  'an authority that nobody knows': [
    () => ({ KAFKA_BROKERS: broker.tls, KAFKA_TLS: 'true' }),
    /do not agree on TLS: self-signed certificate\. Check KAFKA_TLS_CA_FILE/,
  ],
  'no rights': [
    () => ({ KAFKA_BROKERS: broker.sasl, ...login('PLAIN', 'stranger', 'stranger') }),
    /denies KAFKA_USERNAME stranger a right that is needed/,
  ],
}
// Side by side, since some of them are waited for until it is clear that waiting does not help.
describe('one sentence names the setting', { concurrency: true }, () => {
  for (const [name, [variables, sentence]] of Object.entries(badWays)) {
    test(name, async () => {
      const { exitCode, out, err } = await plan(variables())
      assert.deepEqual([exitCode, out], [1, ''])
      assert.match(err, sentence)
      assert.equal(err.trim().split('\n').length, 1, err)
      for (const secret of [users.trusted, users.stranger, 'not the password']) assert.ok(!err.includes(secret))
    })
  }
})

test('a right that is missing only when it is needed is told of with the setting, too', async (t) => {
  const [prefix, topic] = ['rights.', 'trainyard.runs']
  const { READ, DESCRIBE, DESCRIBE_CONFIGS } = AclOperationTypes
  const right = (resourceType: number, operation: number) => ({
    resourceType,
    resourceName: `${prefix}trainyard.`,
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: 'User:stranger',
    host: '*',
    operation,
    permissionType: AclPermissionTypes.ALLOW,
  })
  const rights = [
    right(AclResourceTypes.TOPIC, READ),
    right(AclResourceTypes.TOPIC, DESCRIBE_CONFIGS),
    right(AclResourceTypes.GROUP, DESCRIBE),
  ]
  await withAdmin(broker.brokers, (admin) => admin.createAcls({ acl: rights }))
  await trainyard(['topics', 'apply'], { KAFKA_BROKERS: broker.brokers.join(), KAFKA_PREFIX: prefix })
  const trusted = openClient(t, settingsFor(broker.brokers, prefix))
  await trusted.publish([message(topic, 'k', 'a')])

  const sasl = { mechanism: 'plain', username: 'stranger', password: users.stranger } as const
  const bus = openClient(t, { ...settingsFor([broker.sasl], prefix), sasl })
  // Without Describe kafkajs says only that it found no coordinator.
  await assert.rejects(bus.peek(topic, 1), {
    message: /denies KAFKA_USERNAME stranger a right that is needed: Not authorized to access group/i,
    hint: /Read on the consumer groups that begin with rights\.trainyard\./,
  })
  await assert.rejects(bus.publish([message(topic, 'k', 'b')]), {
    code: 'unavailable',
    message: /has not taken 1 messages: .*denies KAFKA_USERNAME stranger a right/,
  })
})
