import type { RunNews } from '../../services/intake/runs.ts'
import type { TestKit } from '../harness/kit.ts'
import { said } from './yard.ts'

export type Request = Awaited<ReturnType<typeof said<'training.requested'>>>[number]

export type What = 'queued' | 'started' | 'succeeded' | 'failed' | 'failedBefore' | 'cancelledBefore' | 'cancelled'

/** What the launcher would say of a run. */
export function newsOf({ run, bot, jobType, generation, dataset }: Request, what: What): RunNews {
  const line = { run, bot, jobType, generation }
  const now = Date.now()
  const model = { url: 'http://127.0.0.1/models/x', digest: dataset.train }
  switch (what) {
    case 'queued':
      return { name: 'run.queued', data: { ...line, priority: 0, queuedAt: now } }
    case 'started':
      return { name: 'run.started', data: { ...line, attempt: 1, startedAt: now } }
    case 'succeeded':
      return {
        name: 'run.succeeded',
        data: {
          ...line,
          dataset,
          model,
          answers: dataset.train,
          champion: null,
          promotionPolicy: '{}',
          attempts: [],
          startedAt: now,
          endedAt: now,
        },
      }
    case 'failed':
    case 'failedBefore': {
      const startedAt = what === 'failed' ? now : null
      const facts = { outcome: 'crashed' as const, reason: 'exit code 1', attempts: [] }
      return { name: 'run.failed', data: { ...line, ...facts, startedAt, endedAt: now } }
    }
    case 'cancelled':
    case 'cancelledBefore':
      return {
        name: 'run.cancelled',
        data: { ...line, actor: 'anna', reason: 'not now', wasRunning: what === 'cancelled', endedAt: now },
      }
  }
}

export function supersededBy({ run, bot, jobType, generation }: Request, by: Request, wasRunning: boolean): RunNews {
  return {
    name: 'run.superseded',
    data: { run, bot, jobType, generation, by: by.run, wasRunning, endedAt: Date.now() },
  }
}

export async function requestOf(kit: TestKit, run: string): Promise<Request> {
  const request = (await said(kit, 'training.requested')).find((data) => data.run === run)
  if (!request) throw new Error(`${run} was never requested`)
  return request
}
