import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { EventConsumer } from '../kit/service.ts'
import type { Point } from './points.ts'
import { type Issued, noteGenerations } from './store/keys.ts'
import { recordModels } from './store/models.ts'

/**
 * Learns which generations there are, from requests too, so that a rollback raises the fence above what is still to come;
 * and which models wait for a verdict.
 */
export function makeConsumer(kit: { point(name: Point): Promise<void> }, onEvaluated: () => void): EventConsumer {
  return {
    kind: 'events',
    group: 'promoter',
    topics: ['trainyard.evaluations', 'trainyard.requests'],
    async handle(transaction, events) {
      const issued = events.flatMap(issuedBy)
      if (issued.length > 0) await noteGenerations(transaction, issued)
      const evaluated = events.filter((event) => event.name === 'model.evaluated')
      if (evaluated.length === 0) return
      const added = await recordModels(transaction, evaluated)
      await kit.point('promoter.evaluation.recorded')
      if (added > 0) transaction.afterCommit(onEvaluated)
    },
  }
}

function issuedBy(event: ReceivedEvent): Issued[] {
  if (event.name !== 'training.requested' && event.name !== 'model.evaluated') return []
  const { bot, jobType, generation } = event.data
  const requestedAtMs = event.name === 'training.requested' ? event.data.requestedAt : null
  return [{ key: { bot, jobType }, generation, requestedAtMs }]
}
