/**
 * Puts a model in force. The caller holds the lock on the key's row and has changed the model's own state.
 *
 * Invariants: the champion gets the next sequence (I4); the fence is never below a generation that is in force (I3);
 * held models of older generations are overtaken in the same transaction.
 */
import type { Cause, Occurrence } from '../kit/bus/outbox.ts'
import type { Transaction } from '../kit/store/database.ts'
import { type Decided, overtaken, promoted, ready } from './occurrences.ts'
import { addChampion, type KeyState, raiseFence } from './store/keys.ts'
import { type ModelRecord, overtakeOlder } from './store/models.ts'

/** Resolves to what is to be said of it. */
export async function putInForce(
  transaction: Transaction,
  key: KeyState,
  model: ModelRecord,
  decided: Decided<'policy' | 'person'>,
  cause: Cause,
): Promise<Occurrence[]> {
  const { decidedBy, actor, reasons } = decided
  const { run, generation, evaluation } = model
  const sequence = key.nextSequence
  const reason = reasons[0] ?? ''
  const decidedAt = await addChampion(transaction, key, { sequence, run, decidedBy, actor, reason })
  await raiseFence(transaction, key, generation)
  const older = await overtakeOlder(transaction, key, model)
  const champion = { sequence, run, generation, evaluation, model: model.model, decidedBy, actor, reason, decidedAt }
  return [
    promoted(model, sequence, decided, cause),
    ...older.map((held) => overtaken(held, run, decidedAt, { ...cause, correlationId: held.cause.correlationId })),
    ready(key, champion, cause),
  ]
}
