/**
 * What a call to the cluster may end with. Whatever is thrown on the way is decided here, once; those above look at the
 * kind. Pure.
 */
import { z } from 'zod'
import { badInput, classify, codeOf, messageOf, type TrainyardError, unavailable } from '../../../../kit/errors.ts'

export type Failure =
  /** Of this name there is one already. */
  | { kind: 'exists'; message: string }
  /** It has changed, or is another object, since we looked. */
  | { kind: 'conflict'; message: string }
  | { kind: 'absent'; message: string }
  /** The place in the history from which we wanted to go on is no longer kept. */
  | { kind: 'gone'; message: string }
  /** The missing right, where the cluster named it: `create jobs.batch in namespace ml`. */
  | { kind: 'forbidden'; message: string; right: string | undefined }
  /** We are not known there: the credentials are wrong, cannot be had, or have expired. */
  | { kind: 'unauthorized'; message: string }
  /** The namespace's quota is used up; it fits once something else has ended. */
  | { kind: 'quota'; message: string }
  /** Told to come again later; nothing was done. */
  | { kind: 'throttled'; message: string; retryAfterMs: number | undefined }
  /** Understood and refused: the same again is refused again. */
  | { kind: 'invalid'; message: string }
  /** It certainly did not take effect, or nothing was to be changed. */
  | { kind: 'unreachable'; message: string }
  /** A write whose answer was lost: it may have taken effect, or still will. */
  | { kind: 'unknownOutcome'; message: string }

export class KubernetesError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? {} : { cause })
    this.name = 'KubernetesError'
    this.failure = failure
  }
}

/** The failure of one of ours; undefined when something else was thrown: a fault in the program. */
export function failureOf(error: unknown): Failure | undefined {
  return error instanceof KubernetesError ? error.failure : undefined
}

/** An answer that is no success. */
export interface Refusal {
  readonly status: number
  /** What the header Retry-After says. */
  readonly retryAfter: string | undefined
  readonly body: string
}

export class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`the API server answered ${refusal.status}`)
    this.name = 'Refused'
    this.refusal = refusal
  }
}

/** What was asked: `create the Job "run-abc-1"`, and whether it changes anything there. */
export interface Asked {
  readonly what: string
  readonly changes: boolean
}

/** Total: what a call threw as one of ours, or as it is when it's none of the cluster's doing. */
export function asFailure(error: unknown, asked: Asked): unknown {
  if (error instanceof KubernetesError) return error
  const failure = error instanceof Refused ? ofRefusal(error.refusal, asked) : ofLoss(error, asked)
  if (failure === undefined) return error
  return new KubernetesError({ ...failure, message: `cannot ${asked.what}: ${failure.message}` }, error)
}

const Status = z.object({
  kind: z.literal('Status'),
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
})
type Status = z.infer<typeof Status>

const longestMessage = 2_000

export function ofRefusal({ status, retryAfter, body }: Refusal, { changes }: Pick<Asked, 'changes'>): Failure {
  const said = parseStatus(body)
  const message = (said?.message || `the API server answered ${status}`).slice(0, longestMessage)
  const seconds = Number(retryAfter ?? said?.details?.retryAfterSeconds ?? Number.NaN)
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined
  switch (status) {
    case 401:
      return { kind: 'unauthorized', message }
    case 403:
      return ofForbidden(message)
    case 410:
      return { kind: 'gone', message }
    case 429:
      return { kind: 'throttled', message, retryAfterMs }
    case 503:
      if (retryAfterMs !== undefined) return { kind: 'throttled', message, retryAfterMs }
  }
  // Whoever is asked before anything is stored was not there to say yes, or failed: the server itself is well, and nothing was done.
  const isOfWebhook =
    /failed calling webhook/.test(message) ||
    (status >= 500 && /^admission webhook .* denied the request/.test(message))
  if (said !== undefined && isOfWebhook) {
    return { kind: 'forbidden', message, right: undefined }
  }
  // A server that gave up in the middle may have stored what it was about to store. And what is not in the words of an API
  // server says nothing about the objects there: a proxy's 404 is no proof that a Job is gone (D13).
  if (status >= 500 || status === 408 || said === undefined) {
    return { kind: changes ? 'unknownOutcome' : 'unreachable', message }
  }
  if (status === 409) return { kind: said.reason === 'AlreadyExists' ? 'exists' : 'conflict', message }
  return { kind: said.reason === 'NotFound' ? 'absent' : 'invalid', message }
}

function parseStatus(body: string): Status | undefined {
  try {
    return Status.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

function ofForbidden(message: string): Failure {
  if (/exceeded quota/.test(message)) return { kind: 'quota', message }
  // A quota or a range of limits that wants something said which the object does not say.
  if (/failed quota: .* must specify/.test(message)) return { kind: 'invalid', message }
  return { kind: 'forbidden', message, right: missingRight(message) }
}

function missingRight(message: string): string | undefined {
  const found =
    /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)?/.exec(
      message,
    )
  if (!found) return undefined
  const [, verb, resource, group, namespace] = found
  const name = group ? `${resource}.${group}` : resource
  return `${verb} ${name} ${namespace ? `in namespace ${namespace}` : 'in the whole cluster'}`
}

/** With these no request has left: there was no connection to send it on. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
])
const certificateCode = /CERT|^UNABLE_TO_|^ERR_(TLS|SSL|OSSL)/
const lostOnTheWay = /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|HPE_|ERR_STREAM_PREMATURE_CLOSE|Z_)/

function ofLoss(error: unknown, { changes }: Asked): Failure | undefined {
  if (error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
    return { kind: changes ? 'unknownOutcome' : 'unreachable', message: 'the API server did not answer in time' }
  }
  // An answer that began well and is cut, or comes from something that is no API server.
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    return { kind: changes ? 'unknownOutcome' : 'unreachable', message: 'the answer is none of an API server' }
  }
  const codes = codesOf(error)
  const message = codes.length > 0 ? `${messageOf(error)} (${codes.join(', ')})` : messageOf(error)
  if (codes.length === 0) return undefined
  if (codes.every((code) => neverSent.has(code))) return { kind: 'unreachable', message }
  if (isDistrust(error)) {
    return { kind: 'unreachable', message: `no trust between us and the API server: ${message}` }
  }
  if (!codes.some((code) => lostOnTheWay.test(code))) return undefined
  return { kind: changes ? 'unknownOutcome' : 'unreachable', message }
}

/** Whether one of the two ends does not take the other for whom it says it is. */
export function isDistrust(error: unknown): boolean {
  return codesOf(error).some((code) => certificateCode.test(code))
}

/** The codes of an error and of what caused it; a name with several addresses fails with several. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  if (error instanceof AggregateError) return [...new Set(error.errors.flatMap(codesOf))]
  const code = codeOf(error)
  return [...(code === undefined ? [] : [code]), ...codesOf(error.cause)]
}

/** Whether the API server was not to be had, other than an answer that we do not like. */
export function isSilence(failure: Failure): boolean {
  return failure.kind === 'unreachable' || failure.kind === 'unknownOutcome'
}

/** What the launcher makes of it: only what is wrong with the work itself is never tried again. */
export function toTrainyardError(error: unknown): TrainyardError {
  if (!(error instanceof KubernetesError)) return classify(error)
  const { failure, message } = error
  const make = failure.kind === 'invalid' ? badInput : unavailable
  return make(message, { hint: hintOf(failure), cause: error })
}

function hintOf(failure: Failure): string {
  switch (failure.kind) {
    case 'invalid':
      return 'The cluster will not take it as it is. Change what it names, most likely in the placement or the program.'
    case 'forbidden':
      return failure.right === undefined
        ? 'A rule of the cluster refuses it. Ask those who run it; it is tried again.'
        : `Grant Trainyard's account there the right to ${failure.right}; it is tried again.`
    case 'unauthorized':
      return 'Check the kubeconfig or the service account that Trainyard uses; it is tried again.'
    case 'quota':
      return "It is tried again, and fits once other work of the namespace has ended or the namespace's quota is raised."
    case 'absent':
      return 'Check that the namespace exists; it is tried again.'
    case 'throttled':
      return 'The cluster is busy; it is tried again.'
    case 'unreachable':
      return 'Check that the API server can be reached; it is tried again.'
    case 'unknownOutcome':
      return 'It may have taken effect. It is looked for by its name when it is tried again.'
    case 'exists':
    case 'conflict':
    case 'gone':
      return 'The cluster has changed meanwhile; it is tried again.'
  }
}
