/**
 * The run API as one attempt sees it. Each call but `heartbeat` is repeated until it is answered or its signal aborts.
 * The answers come from our own launcher, typed by the same file, and are taken at their word.
 */

import { createReadStream } from 'node:fs'
import type { StoredFile } from '../../schemas/files.ts'
import type {
  ClaimResponse,
  CommitRequest,
  CommitResponse,
  EndRequest,
  EndResponse,
  HeartbeatResponse,
  LogsResponse,
  ModelResponse,
} from '../../schemas/run-api.ts'
import { NotOurs, Unreachable } from './errors.ts'
import { persist } from './persist.ts'
import { chunksOf, readText, type Transport } from './transport.ts'
import { writeVerified } from './verified.ts'

/** `dueMs` is the deadline on this process's monotonic clock, counted from before the call: never late, maybe early. */
export type Claimed = { claim: ClaimResponse; dueMs: number }

export interface RunApi {
  claim(pid: number, signal: AbortSignal): Promise<Claimed>
  /** One try, no more: the next beat is the repetition. */
  heartbeat(progress: number | null, signal: AbortSignal): Promise<HeartbeatResponse>
  /** Resolves with the offset at which the launcher goes on. */
  logs(offset: number, content: Buffer, signal: AbortSignal): Promise<number>
  /** Fetches a blob to `localPath`, and again if what came is not what its digest names. */
  download(file: StoredFile, localPath: string, signal: AbortSignal): Promise<void>
  upload(file: StoredFile, localPath: string, signal: AbortSignal): Promise<void>
  model(files: readonly StoredFile[], signal: AbortSignal): Promise<ModelResponse>
  commit(manifest: Omit<CommitRequest, 'runner'>, signal: AbortSignal): Promise<CommitResponse>
  end(end: Omit<EndRequest, 'runner'>, signal: AbortSignal): Promise<EndResponse>
}

export function createRunApi(transport: Transport, attempt: string, runner: string): RunApi {
  const base = `/run-api/v1/attempts/${encodeURIComponent(attempt)}`

  async function once<T>(path: string, body: object, signal: AbortSignal): Promise<T> {
    const bytes = Buffer.from(JSON.stringify({ runner, ...body }))
    const call = { type: 'application/json', bytes: bytes.length, content: () => bytes }
    return parse(await readText(await transport.send({ method: 'POST', path: `${base}${path}`, body: call, signal })))
  }
  const post = <T>(path: string, body: object, signal: AbortSignal): Promise<T> =>
    persist(signal, () => once<T>(path, body, signal))

  return {
    claim: (pid, signal) =>
      persist(signal, async () => {
        const sentMs = performance.now()
        const claim = await once<ClaimResponse>('/claim', { pid }, signal)
        return { claim, dueMs: sentMs + claim.deadlineMs }
      }),
    heartbeat: (progress, signal) => once('/heartbeat', { progress }, signal),
    model: (files, signal) => post('/model', { files }, signal),
    commit: (manifest, signal) => post('/commit', manifest, signal),
    end: (end, signal) => post('/end', end, signal),

    logs: (offset, content, signal) =>
      persist(signal, async () => {
        const path = `${base}/logs?runner=${runner}&offset=${offset}`
        const body = { type: 'application/octet-stream', bytes: content.length, content: () => content }
        try {
          const answer = await transport.send({ method: 'PUT', path, body, signal })
          return parse<LogsResponse>(await readText(answer)).nextOffset
        } catch (error) {
          // An answer that got lost on its way leaves the launcher ahead of what is known here.
          const expected = error instanceof NotOurs ? expectedOffsetIn(error.details) : undefined
          if (expected === undefined) throw error
          return expected
        }
      }),

    download: ({ digest }, localPath, signal) =>
      persist(signal, async () => {
        const answer = await transport.send({ method: 'GET', path: `${base}/blobs/${digest}`, signal })
        await writeVerified(chunksOf(answer), localPath, digest)
      }),

    upload: ({ digest, bytes }, localPath, signal) =>
      persist(signal, async () => {
        const path = `${base}/blobs/${digest}?runner=${runner}`
        const body = { type: 'application/octet-stream', bytes, content: () => createReadStream(localPath) }
        await readText(await transport.send({ method: 'PUT', path, body, signal }))
      }),
  }
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unreachable(`expected JSON from the run API, got: ${text.slice(0, 100)}`)
  }
}

function expectedOffsetIn(details: unknown): number | undefined {
  if (typeof details !== 'object' || details === null || !('expectedOffset' in details)) return undefined
  return typeof details.expectedOffset === 'number' ? details.expectedOffset : undefined
}
