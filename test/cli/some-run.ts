import type { Run } from '../../services/cli/client/console.ts'

/** A run as the history tells it, whose training is done and of whose model nothing was said yet. */
export const someRun = (at: Date): Run => ({
  run: 'run-aaaaaaaaaa',
  bot: 'b',
  jobType: 'intents',
  generation: 1,
  state: 'succeeded',
  begunAt: at,
  startedAt: at,
  request: null,
  end: { endedAt: at, outcome: 'done', reason: null, actor: null, by: null },
  model: null,
  evaluation: null,
  verdict: null,
  promotions: [],
  inForce: false,
})
