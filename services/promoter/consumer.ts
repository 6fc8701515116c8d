import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { EventConsumer } from '../kit/service.ts'
import type { Point } from './points.ts'
import { type Issued, noteEvaluated, noteRequested, type Requested } from './store/keys.ts'
import { hastenModels, recordModels } from './store/models.ts'

/** A generation is to be heard of before its model, and no run is as short as that. */
const gatherMs = 100

/**
 * Learns which generations there are, from requests too, so that a rollback raises the fence above what is still to come;
 * and which models wait for a verdict.
 */
export function makeConsumer(kit: { point(name: Point): Promise<void> }, onEvaluated: () => void): EventConsumer {
  return {
    kind: 'events',
    group: 'promoter',
    topics: ['trainyard.evaluations', 'trainyard.requests'],
    gatherMs,
    urgent: ['model.evaluated'],
    async handle(transaction, events) {
      // Requests first: what only its evaluation tells of may have to wait for them.
      const requested = events.flatMap(requestedBy)
      await noteRequested(transaction, requested)
      const hastened = await hastenModels(transaction, requested)
      await noteEvaluated(transaction, events.flatMap(evaluatedBy))
      const evaluated = events.filter((event) => event.name === 'model.evaluated')
      const added = await recordModels(transaction, evaluated)
      if (added > 0) await kit.point('promoter.evaluation.recorded')
      if (added + hastened > 0) transaction.afterCommit(onEvaluated)
    },
  }
}

function requestedBy(event: ReceivedEvent): Requested[] {
  if (event.name !== 'training.requested') return []
  const { bot, jobType, generation, requestedAt } = event.data
  return [{ key: { bot, jobType }, generation, requestedAtMs: requestedAt }]
}

function evaluatedBy(event: ReceivedEvent): Issued[] {
  if (event.name !== 'model.evaluated') return []
  const { bot, jobType, generation } = event.data
  return [{ key: { bot, jobType }, generation }]
}
