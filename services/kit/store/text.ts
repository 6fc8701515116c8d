/** PostgreSQL keeps no NUL in a text, and UTF-8 no half of a surrogate pair: of somebody else's words what can be kept. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}')
}
