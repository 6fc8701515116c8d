/** Who speaks to the run API, and why a runner is refused. */

import type { AttemptName, AttemptOutcome } from '../../../schemas/words.ts'
import { conflict, gone, notFound, type TrainyardError, unauthorized } from '../../kit/errors.ts'
import type { Queryable } from '../../kit/store/database.ts'
import type { Tokens } from '../token.ts'

/** @throws unauthorized unless the header carries the token of this very attempt */
export function authorize(tokens: Tokens, attempt: AttemptName, authorization: string | undefined): void {
  const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
  if (token === undefined || !tokens.matches(attempt, token)) {
    throw unauthorized(`this is not the token of ${attempt}`, {
      hint: 'Send "authorization: Bearer <token of the attempt>".',
    })
  }
}

interface AccessRow {
  state: 'created' | 'claimed' | 'ended'
  runner: string | null
  stop: string | null
  outcome: AttemptOutcome | null
}

/** Why a conditional change of the attempt found nothing to change. */
export async function refusal(database: Queryable, attempt: AttemptName, runner: string): Promise<TrainyardError> {
  const rows = await database.query<AccessRow>(
    'select state, runner, stop, outcome from launcher.attempts where attempt = $1',
    [attempt],
  )
  const row = rows[0]
  if (!row) return notFound(`there is no attempt ${attempt}`)
  if (row.runner !== null && row.runner !== runner) return conflict(`another runner has claimed ${attempt}`)
  if (row.state === 'ended') return gone(`${attempt} has ended: ${row.outcome}`)
  if (row.stop !== null) return conflict(`${attempt} was told to stop: ${row.stop}`, { details: { stop: row.stop } })
  if (row.state === 'created') return conflict(`${attempt} was not claimed yet`)
  return conflict(`${attempt} cannot do this now`)
}
