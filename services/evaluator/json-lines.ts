import { TextDecoder } from 'node:util'

/**
 * The values of a JSON Lines stream, one by one; undefined for a line that is no JSON. Empty lines are skipped. Lines end
 * at LF alone: a text may hold what else counts as the end of a line elsewhere.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let begun = ''
  for await (const chunk of chunks) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield parse(line)
  }
  begun += decoder.decode()
  if (begun.trim() !== '') yield parse(begun)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
