/** The token of an attempt: an HMAC of its name, so it is known again after a crash and is stored nowhere (D10). */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { AttemptName } from '../../schemas/words.ts'
import type { Random } from '../kit/random.ts'
import type { Database } from '../kit/store/database.ts'

export interface Tokens {
  of(attempt: AttemptName): string
  /** In constant time. */
  matches(attempt: AttemptName, token: string): boolean
}

export function makeTokens(secret: Uint8Array): Tokens {
  const key = createSecretKey(secret)
  const of = (attempt: AttemptName): string => createHmac('sha256', key).update(attempt).digest('base64url')
  return {
    of,
    matches(attempt, token) {
      const [expected, given] = [Buffer.from(of(attempt)), Buffer.from(token)]
      return expected.byteLength === given.byteLength && timingSafeEqual(expected, given)
    },
  }
}

/** Made once, by whichever launcher starts first, and the same for all of them ever after. */
export async function readSecret(database: Database, random: Random): Promise<Uint8Array> {
  await database.execute(
    "insert into launcher.secrets (name, value) values ('attempts', $1) on conflict (name) do nothing",
    [random.bytes(32)],
  )
  const rows = await database.query<{ value: Buffer }>("select value from launcher.secrets where name = 'attempts'")
  const secret = rows[0]?.value
  if (!secret) throw new Error('the secret of the attempts has vanished')
  return secret
}
