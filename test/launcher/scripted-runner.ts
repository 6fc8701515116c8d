import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { StoredFile } from '../../schemas/files.ts'
import type { ClaimResponse, EndRequest, ModelResponse } from '../../schemas/run-api.ts'
import { type AttemptName, type Digest, digestOf } from '../../schemas/words.ts'
import type { AttemptToStart } from '../../services/launcher/executor/executor.ts'
import type { TestKit } from '../harness/kit.ts'

export interface Answer<T> {
  readonly status: number
  readonly body: T
  readonly error: { readonly code: string; readonly message: string; readonly details?: unknown } | undefined
}

/** A runner in the test's hand, which speaks the real run API. */
export interface ScriptedRunner {
  readonly attempt: AttemptName
  readonly runner: string
  call<T = unknown>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object | Buffer): Promise<Answer<T>>
  claim(): Promise<ClaimResponse>
  store(content: string): Promise<StoredFile>
  model(content?: string): Promise<ModelResponse>
  /** Answers the given texts with one intent. */
  predictions(texts: Digest, intent?: string): Promise<Digest>
  commit(predictions: Digest): Promise<Answer<{ committed: true }>>
  end(end: Partial<EndRequest> & Pick<EndRequest, 'outcome'>): Promise<Answer<{ ended: true }>>
  /** Claim, model, answers, commit. */
  train(content?: string): Promise<{ model: Digest; answers: Digest }>
}

export function scriptedRunner(
  kit: Pick<TestKit, 'inject'>,
  { name, token }: Pick<AttemptToStart, 'name' | 'token'>,
  runner: string = randomUUID(),
): ScriptedRunner {
  const base = `/run-api/v1/attempts/${name}`

  async function call<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object | Buffer): Promise<Answer<T>> {
    const raw = Buffer.isBuffer(body)
    const response = await kit.inject({
      method,
      url: `${base}${path}`,
      headers: {
        host: 'localhost',
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': raw ? 'application/octet-stream' : 'application/json' } : {}),
      },
      ...(body ? { payload: raw ? body : JSON.stringify({ runner, ...body }) } : {}),
    })
    const isJson = String(response.headers['content-type']).includes('json')
    const answered = isJson ? response.json() : response.rawPayload
    return { status: response.statusCode, body: answered, error: answered.error }
  }

  async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
    const { status, body, error } = await answer
    assert.equal(status, 200, error?.message)
    return body
  }

  const it: ScriptedRunner = {
    attempt: name,
    runner,
    call,
    claim: () => ok(call<ClaimResponse>('POST', '/claim', { pid: 1 })),
    async store(content) {
      const bytes = Buffer.from(content)
      const digest = digestOf(bytes)
      await ok(call('PUT', `/blobs/${digest}?runner=${runner}`, bytes))
      return { path: 'weights.bin', digest, bytes: bytes.byteLength }
    },
    model: async (content = `model of ${name}`) =>
      ok(call<ModelResponse>('POST', '/model', { files: [await it.store(content)] })),
    async predictions(texts, intent = 'greet') {
      const { body } = await call<Buffer>('GET', `/blobs/${texts}`)
      const ids = String(body)
        .trim()
        .split('\n')
        .map((line): string => JSON.parse(line).id)
      const lines = ids.map((id) => JSON.stringify({ id, intent, confidence: 0.9, top: [[intent, 0.9]] }))
      return (await it.store(`${lines.join('\n')}\n`)).digest
    },
    commit: (predictions) => call('POST', '/commit', { predictions, seconds: { train: 1, predict: 1 } }),
    end: (end) => call('POST', '/end', { exitCode: 1, signal: null, reason: 'as scripted', checkpoint: [], ...end }),
    async train(content) {
      await it.claim()
      const { model, texts } = await it.model(content)
      const answers = await it.predictions(texts.digest)
      await ok(it.commit(answers))
      return { model, answers }
    },
  }
  return it
}
