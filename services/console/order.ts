import type { EventName } from '../../schemas/catalogue.ts'
import { momentOf, type Told } from './sentences.ts'

// Where two things happened in the same millisecond, the one that leads to the other comes first.
const causalOrder: Readonly<Record<EventName, number>> = {
  'signal.ended': 0,
  'training.requested': 1,
  'run.queued': 2,
  'run.started': 3,
  'run.succeeded': 4,
  'run.failed': 4,
  'run.superseded': 4,
  'run.cancelled': 4,
  'model.evaluated': 5,
  'model.held': 6,
  'model.promoted': 7,
  'model.rejected': 7,
  'model.overtaken': 7,
  'model.ready': 8,
}

/** The order in which a story is told: total, so that the same events always give the same story. */
export function inStoryOrder(one: Told & { id: string }, other: Told & { id: string }): number {
  const order = momentOf(one) - momentOf(other) || causalOrder[one.name] - causalOrder[other.name]
  return order || (one.id < other.id ? -1 : 1)
}
