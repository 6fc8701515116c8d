import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, loadConfiguration, parseEnvironment } from '../../services/kit/environment.ts'

test('an empty environment is enough, and an empty variable counts as unset', () => {
  const environment = parseEnvironment({ TRAINYARD_PORT: '', DATABASE_URL: '' })
  assert.equal(environment.port, 7070)
  assert.equal(environment.host, '127.0.0.1')
  assert.equal(environment.databaseUrl, undefined)
})

test('every wrong variable is named at once, with what was expected', () => {
  assert.throws(
    () => parseEnvironment({ TRAINYARD_PORT: '70000', TRAINYARD_LOG_LEVEL: 'loud' }),
    /TRAINYARD_PORT: expected 65535 or less\n +TRAINYARD_LOG_LEVEL: expected one of trace, debug/,
  )
})

test('a server that others can reach does not start without a token', () => {
  assert.throws(() => parseEnvironment({ TRAINYARD_HOST: '0.0.0.0' }), /TRAINYARD_API_TOKEN is not set/)
  assert.equal(parseEnvironment({ TRAINYARD_HOST: '0.0.0.0', TRAINYARD_API_TOKEN: 'x'.repeat(16) }).host, '0.0.0.0')
})

test('a configuration that is named and missing stops the start', () => {
  assert.throws(
    () => loadConfiguration(parseEnvironment({ TRAINYARD_CONFIG: '/nowhere/trainyard.yaml' })),
    /no such file/,
  )
})

test('loopback is 127.0.0.0/8, ::1 and localhost, and no name that only looks like it', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost']) assert.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '10.0.0.1', '127.evil.example', 'localhost.example', '::'])
    assert.ok(!isLoopback(host), host)
})
