/** What becomes of everything that a call may throw, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asFailure,
  failureOf,
  KubernetesError,
  ofRefusal,
  Refused,
  toTrainyardError,
} from '../../../../../services/launcher/executor/kubernetes/client/failures.ts'

const refusal = (status: number, body: object | string = {}, retryAfter?: string) =>
  new Refused({
    status,
    retryAfter,
    body: typeof body === 'string' ? body : JSON.stringify({ kind: 'Status', ...body }),
  })
const coded = (code: string, message = 'fetch failed') => Object.assign(new Error(message), { code })
const caused = (cause: unknown) => new TypeError('fetch failed', { cause })

const rbac =
  'jobs.batch is forbidden: User "system:serviceaccount:ml:launcher" cannot create resource "jobs" in API group "batch" in the namespace "ml"'
const rbacOfNodes = 'nodes is forbidden: User "me" cannot list resource "nodes" in API group "" at the cluster scope'
const quota =
  'jobs.batch "run-1" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: count/jobs.batch=4'
const webhook =
  'Internal error occurred: failed calling webhook "mjob.kb.io": failed to call webhook: Post "https://kueue/mutate": connection refused'
const unsaid = 'pods "x" is forbidden: failed quota: memory: must specify limits.memory for: program'

const timeout = new DOMException('The operation was aborted due to timeout', 'TimeoutError')

const table: [what: string, thrown: unknown, ofRead: string, ofWrite: string][] = [
  ['400', refusal(400), 'invalid', 'invalid'],
  ['401 without a body', refusal(401, ''), 'unauthorized', 'unauthorized'],
  ['403 by role', refusal(403, { message: rbac }), 'forbidden', 'forbidden'],
  ['403 by quota', refusal(403, { message: quota }), 'quota', 'quota'],
  ['403 by a quota that wants more said', refusal(403, { message: unsaid }), 'invalid', 'invalid'],
  ['403 of a proxy', refusal(403, '<html>no</html>'), 'forbidden', 'forbidden'],
  ['404', refusal(404, { reason: 'NotFound' }), 'absent', 'absent'],
  ['404 of a proxy', refusal(404, '<html>no such page</html>'), 'unreachable', 'unknownOutcome'],
  ['404 of a server that is not ready', refusal(404, '404 page not found'), 'unreachable', 'unknownOutcome'],
  ['404 in other words', refusal(404, { kind: 'Error' }), 'unreachable', 'unknownOutcome'],
  ['400 of a proxy', refusal(400, ''), 'unreachable', 'unknownOutcome'],
  ['409 of the name', refusal(409, { reason: 'AlreadyExists' }), 'exists', 'exists'],
  ['409 of the version', refusal(409, { reason: 'Conflict' }), 'conflict', 'conflict'],
  ['410', refusal(410, { reason: 'Expired' }), 'gone', 'gone'],
  ['413', refusal(413), 'invalid', 'invalid'],
  ['415', refusal(415), 'invalid', 'invalid'],
  ['422', refusal(422), 'invalid', 'invalid'],
  ['429', refusal(429), 'throttled', 'throttled'],
  ['503 with a time', refusal(503, {}, '1'), 'throttled', 'throttled'],
  ['503 without', refusal(503), 'unreachable', 'unknownOutcome'],
  ['500: the store did not answer', refusal(500), 'unreachable', 'unknownOutcome'],
  ['500 of a webhook that does not answer', refusal(500, { message: webhook }), 'forbidden', 'forbidden'],
  [
    '500 of a webhook that failed',
    refusal(500, { message: 'admission webhook "pods.example.com" denied the request: no such team' }),
    'forbidden',
    'forbidden',
  ],
  [
    '400 of a webhook that said no',
    refusal(400, { message: 'admission webhook "pods.example.com" denied the request: no such team' }),
    'invalid',
    'invalid',
  ],
  ['502 of a proxy', refusal(502, '<html>bad gateway</html>'), 'unreachable', 'unknownOutcome'],
  ['504', refusal(504), 'unreachable', 'unknownOutcome'],
  ['408', refusal(408), 'unreachable', 'unknownOutcome'],
  ['the time limit', timeout, 'unreachable', 'unknownOutcome'],
  ['a connection that was cut', caused(coded('UND_ERR_SOCKET')), 'unreachable', 'unknownOutcome'],
  ['a reset', coded('ECONNRESET'), 'unreachable', 'unknownOutcome'],
  ['an answer that was cut', new SyntaxError('Unexpected end of JSON input'), 'unreachable', 'unknownOutcome'],
  ['refused', coded('ECONNREFUSED'), 'unreachable', 'unreachable'],
  ['refused at every address', caused(new AggregateError([coded('ECONNREFUSED')])), 'unreachable', 'unreachable'],
  ['a name that nobody knows', coded('ENOTFOUND'), 'unreachable', 'unreachable'],
  ['no connection in time', coded('UND_ERR_CONNECT_TIMEOUT'), 'unreachable', 'unreachable'],
  ['a certificate of a stranger', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unreachable', 'unreachable'],
  ['a certificate of another', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'unreachable', 'unreachable'],
]

for (const [what, thrown, ofRead, ofWrite] of table) {
  test(`a call that ends with ${what} is ${ofRead === ofWrite ? ofRead : `${ofRead} when reading, ${ofWrite} when writing`}`, () => {
    const [read, write] = [false, true].map((changes) => asFailure(thrown, { what: 'do it', changes }))
    assert.equal(failureOf(read)?.kind, ofRead)
    assert.equal(failureOf(write)?.kind, ofWrite)
    for (const error of [read, write]) {
      const told = toTrainyardError(error)
      const { kind } = failureOf(error) ?? {}
      assert.equal(told.code, kind === 'invalid' ? 'badInput' : 'unavailable')
      assert.match(told.message, /^cannot do it: /)
      assert.match(told.hint ?? '', /\.$/)
    }
  })
}

test('a fault in the program is none of the cluster’s', () => {
  const fault = new TypeError('x is not a function')
  assert.equal(asFailure(fault, { what: 'do it', changes: true }), fault)
  assert.equal(toTrainyardError(fault).code, 'broken')
})

test('the missing right is named as one grants it', () => {
  const named = [rbac, rbacOfNodes].map((message) => {
    const failure = ofRefusal(
      { status: 403, retryAfter: undefined, body: JSON.stringify({ kind: 'Status', message }) },
      { changes: true },
    )
    return toTrainyardError(new KubernetesError(failure)).hint
  })
  assert.match(named[0] ?? '', /the right to create jobs\.batch in namespace ml;/)
  assert.match(named[1] ?? '', /the right to list nodes in the whole cluster;/)
})

test('when to come again is taken from the header, or else from the body', () => {
  const after = (retryAfter: string | undefined, body: object = {}) => {
    const failure = ofRefusal(
      { status: 429, retryAfter, body: JSON.stringify({ kind: 'Status', ...body }) },
      { changes: true },
    )
    return failure.kind === 'throttled' ? failure.retryAfterMs : failure.kind
  }
  assert.equal(after('3', { details: { retryAfterSeconds: 7 } }), 3_000)
  assert.equal(after(undefined, { details: { retryAfterSeconds: 7 } }), 7_000)
  assert.equal(after('Wed, 21 Oct 2026 07:28:00 GMT'), undefined)
  assert.equal(after(undefined), undefined)
})
