import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { kafkaFailure } from '../../../../services/kit/bus/kafka/failures.ts'
import { unavailable } from '../../../../services/kit/errors.ts'

const { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } =
  kafkajs
const settings = { brokers: ['one:9092'], prefix: 'staging.', tls: undefined, sasl: undefined }

const answered = (type: string, retriable: boolean) =>
  new KafkaJSProtocolError(Object.assign(new Error(`the broker says ${type}`), { type, code: 1, retriable }))
const afterRetries = (cause: Error) => new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 5_000 })

test('what may pass by itself may be tried again, however often kafkajs has tried', () => {
  const away = new KafkaJSConnectionError('connect ECONNREFUSED', { broker: 'one:9092', code: 'ECONNREFUSED' })
  const between = new Error('Broker not connected')
  for (const error of [away, afterRetries(away), between, afterRetries(answered('LEADER_NOT_AVAILABLE', true))])
    assert.equal(kafkaFailure(error, settings).retryable, true, String(error))
})

test('what somebody has to mend is not tried again', () => {
  const untrusted = new KafkaJSConnectionError('self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  const errors = [untrusted, afterRetries(untrusted), answered('GROUP_AUTHORIZATION_FAILED', false), new Error('what?')]
  for (const error of [...errors, new KafkaJSNonRetriableError('never')])
    assert.equal(kafkaFailure(error, settings).retryable, false, String(error))
})

test('a right that is missing is told with whom it is missing to, and for what', () => {
  const sasl = { mechanism: 'plain', username: 'ada', password: 'secret' } as const
  const { message, hint = '' } = kafkaFailure(answered('TOPIC_AUTHORIZATION_FAILED', false), { ...settings, sasl })
  assert.match(message, /denies KAFKA_USERNAME ada a right/)
  assert.match(hint, /topics that begin with staging\.trainyard\./)
})

test('where kafkajs keeps to itself why it found no coordinator, the right to ask for it is named', () => {
  const missing = Object.assign(new Error('none'), { name: 'KafkaJSGroupCoordinatorNotFound' })
  const { retryable, hint = '' } = kafkaFailure(missing, settings)
  assert.equal(retryable, true)
  assert.match(hint, /If that goes on, .*consumer groups that begin with staging\.trainyard\./)
})

test('an error of our own that kafkajs passed on stays what it is', () => {
  const own = unavailable('the program of KAFKA_TOKEN_COMMAND gave no token')
  assert.equal(kafkaFailure(own, settings), own)
  assert.equal(kafkaFailure(afterRetries(own), settings), own)
})
