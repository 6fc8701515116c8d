/**
 * The messages in a text, each as it would lie on a topic: one JSON, the items of a list, or else each line as it is.
 * A line that is no JSON stays what it is: what becomes of such a message is worth knowing, too.
 */
export function messagesIn(text: string): string[] {
  const whole = parsed(text)
  if (Array.isArray(whole)) return whole.map((item) => JSON.stringify(item))
  if (whole !== undefined) return [text.trim()]
  return text.split(/\r?\n/).filter((line) => line.trim() !== '')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
