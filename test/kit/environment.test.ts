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

test('a public URL is one that paths can be put behind, and that http reaches', () => {
  const publicUrl = (TRAINYARD_PUBLIC_URL: string) => parseEnvironment({ TRAINYARD_PUBLIC_URL }).publicUrl
  assert.equal(publicUrl('https://trainyard.example.com/ml/'), 'https://trainyard.example.com/ml')
  for (const url of [
    'trainyard.example.com',
    'trainyard.example.com:7070',
    'ftp://trainyard.example.com',
    'mailto:ada@example.com',
  ])
    assert.throws(() => publicUrl(url), /TRAINYARD_PUBLIC_URL: expected a URL that begins with http/, url)
  for (const url of ['https://ada:secret@example.com', 'https://example.com?a=1', 'https://example.com/#top'])
    assert.throws(() => publicUrl(url), /TRAINYARD_PUBLIC_URL: expected a URL without user, query and fragment/, url)
})

test('a token is what a header can carry: the line break that a file ends in is none of it', () => {
  const token = 'x'.repeat(16)
  assert.equal(parseEnvironment({ TRAINYARD_API_TOKEN: `${token}\n` }).apiToken, token)
  for (const wrong of [`${token} ${token}`, `${token}ß`, `   short${' '.repeat(16)}`])
    assert.throws(() => parseEnvironment({ TRAINYARD_API_TOKEN: wrong }), /TRAINYARD_API_TOKEN: /, wrong)
})

test('a token for reading alone would let everybody do everything', () => {
  const token = 'x'.repeat(16)
  assert.throws(() => parseEnvironment({ TRAINYARD_READ_TOKEN: token }), /TRAINYARD_API_TOKEN is not/)
  const both = { TRAINYARD_READ_TOKEN: token, TRAINYARD_API_TOKEN: `${token}y` }
  assert.equal(parseEnvironment(both).readToken, token)
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
