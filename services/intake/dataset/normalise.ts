import { hash } from 'node:crypto'

/** Version of what this file, `split.ts` and `store.ts` make of a dataset together. A change of what they make is a new one. */
export const splitVersion = 2

/** Two texts that look the same to a person writing to a bot are one text: NFC, ASCII letters lowered, white space folded. */
export function normalise(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replace(/\s+/g, ' ')
    .trim()
}

export type TextHash = {
  /** The first 16 hexadecimal digits: what the text is called in all three parts. */
  readonly id: string
  /** At least 0, less than 1, from other bits than the id's: the id is seen by programs and must not tell the side. */
  readonly fraction: number
}

export function hashOf(normalised: string): TextHash {
  const digest = hash('sha256', normalised, 'buffer')
  return { id: digest.toString('hex', 0, 8), fraction: digest.readUIntBE(8, 6) / 2 ** 48 }
}
