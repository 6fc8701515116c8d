import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { resolveCommand } from '../../../services/kit/program-command.ts'
import { packagePlace, runnerEnvironment } from '../../../services/launcher/executor/runner-process.ts'
import { attemptOf } from './attempts.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

test('what a command names of the package becomes absolute, all else stays as it is', () => {
  const command = [
    'node',
    'services/runner/main.ts',
    'wide',
    '--folder=services',
    'services',
    '../etc/passwd',
    '/bin/sh',
    '',
  ]
  assert.deepEqual(resolveCommand(command, [root]), [
    'node',
    `${root}services/runner/main.ts`,
    'wide',
    '--folder=services',
    'services',
    '../etc/passwd',
    '/bin/sh',
    '',
  ])
})

test("a runner gets an allow-list of the launcher's environment, and its token not through it", () => {
  const environment = { PATH: '/bin', HOME: '/h', DATABASE_URL: 'x', AWS_SECRET: 'x', NVIDIA_A: '1', NODE_OPTIONS: 'x' }
  const attempt = attemptOf('http://api', ['true'])
  const given = runnerEnvironment(attempt, '/work', packagePlace('/data', [], environment))
  assert.deepEqual(given, {
    PATH: '/bin',
    HOME: '/h',
    NVIDIA_A: '1',
    NODE_COMPILE_CACHE: '/data/compile-cache',
    TRACEPARENT: attempt.traceparent,
    TRAINYARD_RUN_API: 'http://api',
    TRAINYARD_ATTEMPT: attempt.name,
    TRAINYARD_WORK_DIR: '/work',
    TRAINYARD_CACHE_DIR: '/data/program-cache',
    TRAINYARD_CLAIM_LIMIT_MS: '60000',
  })
  assert.ok(!JSON.stringify(given).includes(attempt.token))
})

test("compiled code is kept where the launcher's own is, which is filled when the first attempt starts", () => {
  const { compileCache } = packagePlace('/data', [], { NODE_COMPILE_CACHE: '/package/cache' })
  assert.equal(compileCache, '/package/cache')
})
