import { randomBytes, randomUUID } from 'node:crypto'

/** Chance as a parameter, so that a test can take it away. */
export interface Random {
  uuid(): string
  bytes(count: number): Buffer
  /** Lower-case base32 (RFC 4648 alphabet): safe in names of files, hosts and Jobs. */
  id(length: number): string
  /** At least 0, less than 1. */
  fraction(): number
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  bytes: (count) => randomBytes(count),
  id: (length) => Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join(''),
  fraction: () => Math.random(),
}
