/**
 * Texts as the numbers of word pieces that the encoder was trained on: of all ways to cut a text into pieces of the
 * vocabulary, the likeliest (Viterbi). What no piece covers is one unknown piece, however long.
 */

export type Pieces = readonly (readonly [piece: string, score: number])[]

export type Tokenize = (text: string) => number[]

const unknown = 0
/** The first ones mean the beginning of a text, its end and the like, and are found in no text. */
const reserved = 6
/** Stands for a space, and in front of the first word. */
const gap = '\u2581'
/** What lies beyond is not read: the encoder's work grows with the square of the length. */
const longestTokens = 128
/** More characters than that many pieces can cover make no difference. */
const readCharacters = 2_000

export function tokenizer(pieces: Pieces): Tokenize {
  const numbers = new Map(pieces.map(([piece], number) => [piece, number]).slice(reserved) as [string, number][])
  const longest = pieces.reduce((most, [piece]) => Math.max(most, Array.from(piece).length), 1)

  return (text) => {
    const normalised = text.slice(0, readCharacters).normalize('NFKC')
    if (normalised === '') return []
    const characters = Array.from(gap + normalised.replaceAll(' ', gap))
    const best = new Float64Array(characters.length + 1)
    const last = new Int32Array(characters.length + 1)
    const before = Int32Array.from(last, (_, end) => end - 1)
    for (let start = 0; start < characters.length; start += 1) {
      let piece = ''
      for (let end = start + 1; end <= Math.min(characters.length, start + longest); end += 1) {
        piece += characters[end - 1]
        const number = numbers.get(piece)
        if (number === undefined) continue
        const score = (best[start] ?? 0) + (pieces[number]?.[1] ?? 0)
        // As in the reference: 0 stands for not reached, so an unknown character costs nothing.
        if (best[end] !== 0 && score < (best[end] ?? 0)) continue
        best[end] = score
        last[end] = number
        before[end] = start
      }
    }
    const found: number[] = []
    for (let end = characters.length; end > 0; end = before[end] ?? 0) {
      const number = last[end] ?? unknown
      if (number !== unknown || found.at(-1) !== unknown) found.push(number)
    }
    return found.reverse().slice(0, longestTokens)
  }
}
