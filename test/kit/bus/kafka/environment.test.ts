import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readKafkaSettings } from '../../../../services/kit/bus/kafka/settings.ts'
import { parseEnvironment } from '../../../../services/kit/environment.ts'
import { cleanup } from '../../../harness/cleanup.ts'

const brokers = { KAFKA_BROKERS: 'one:9092' }
const kafkaOf = (variables: Record<string, string>) => parseEnvironment({ ...brokers, ...variables }).kafka

test('without KAFKA_BROKERS there is no Kafka, whatever else is set', () => {
  assert.equal(parseEnvironment({ KAFKA_PREFIX: 'staging.', KAFKA_TLS: 'true' }).kafka, undefined)
})

test('brokers are a list of host and port, and of nothing else', () => {
  const several = { KAFKA_BROKERS: 'one:9092, two.example:9093,[::1]:9094' }
  assert.deepEqual(kafkaOf(several)?.brokers, ['one:9092', 'two.example:9093', '[::1]:9094'])
  for (const wrong of ['one', 'kafka://one:9092', 'one:9092/x', ',']) {
    assert.throws(() => kafkaOf({ KAFKA_BROKERS: wrong }), /KAFKA_BROKERS: expected host:port/, wrong)
  }
})

test('the mechanism is known by its name in any case', () => {
  const login = { KAFKA_USERNAME: 'ada', KAFKA_PASSWORD_FILE: '/run/secrets/kafka' }
  const sasl = { mechanism: 'scram-sha-256', username: 'ada', passwordFile: '/run/secrets/kafka' }
  assert.deepEqual(kafkaOf({ KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256', ...login })?.sasl, sasl)
  assert.throws(() => kafkaOf({ KAFKA_SASL_MECHANISM: 'gssapi' }), /KAFKA_SASL_MECHANISM/)
})

test('a token command is a program with its arguments', () => {
  const { sasl } = kafkaOf({ KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_TOKEN_COMMAND: 'token  --for kafka' }) ?? {}
  assert.deepEqual(sasl, { mechanism: 'oauthbearer', tokenCommand: ['token', '--for', 'kafka'] })
})

const wrongPairs: [variables: Record<string, string>, sentence: string][] = [
  [{ KAFKA_SASL_MECHANISM: 'plain' }, 'KAFKA_SASL_MECHANISM is plain, and KAFKA_USERNAME is not set'],
  [
    { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'ada' },
    'KAFKA_SASL_MECHANISM is plain, and KAFKA_PASSWORD_FILE is not set',
  ],
  [{ KAFKA_SASL_MECHANISM: 'oauthbearer' }, 'KAFKA_SASL_MECHANISM is oauthbearer, and KAFKA_TOKEN_COMMAND is not set'],
  [
    { KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_TOKEN_COMMAND: 'token', KAFKA_USERNAME: 'ada' },
    'KAFKA_USERNAME is set, and KAFKA_SASL_MECHANISM is oauthbearer',
  ],
  [{ KAFKA_USERNAME: 'ada' }, 'KAFKA_USERNAME is set, and KAFKA_SASL_MECHANISM is not'],
  [{ KAFKA_TLS_CA_FILE: 'ca.pem' }, 'KAFKA_TLS_CA_FILE is set, and KAFKA_TLS is not true'],
  [
    { KAFKA_TLS: 'true', KAFKA_TLS_CERT_FILE: 'cert.pem' },
    'KAFKA_TLS_CERT_FILE is set, and KAFKA_TLS_KEY_FILE is not set',
  ],
  [
    { KAFKA_TLS: 'true', KAFKA_TLS_KEY_FILE: 'key.pem' },
    'KAFKA_TLS_KEY_FILE is set, and KAFKA_TLS_CERT_FILE is not set',
  ],
]
for (const [variables, sentence] of wrongPairs) {
  test(`what does not belong together stops the start: ${sentence}`, () => {
    assert.throws(() => kafkaOf(variables), { message: sentence })
  })
}

test('secrets come from their files, and a file that does not serve names its variable', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'secrets-'))
  cleanup(t, () => rm(directory, { recursive: true }))
  const [passwordFile, emptyFile] = [join(directory, 'password'), join(directory, 'empty')]
  await writeFile(passwordFile, 's3 cret\n')
  await writeFile(emptyFile, '\n')
  const settingsOf = (variables: Record<string, string>) => {
    const kafka = kafkaOf(variables)
    assert.ok(kafka)
    return readKafkaSettings(kafka)
  }
  const login = (file: string) => ({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'ada', KAFKA_PASSWORD_FILE: file })

  assert.deepEqual(settingsOf(login(passwordFile)).sasl, { mechanism: 'plain', username: 'ada', password: 's3 cret' })
  assert.throws(() => settingsOf(login(emptyFile)), /file of KAFKA_PASSWORD_FILE is empty/)
  assert.throws(() => settingsOf(login(join(directory, 'none'))), /KAFKA_PASSWORD_FILE cannot be read.*no such file/)
  assert.throws(
    () => settingsOf({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: passwordFile }),
    /KAFKA_TLS_CA_FILE holds nothing in PEM/,
  )
})
