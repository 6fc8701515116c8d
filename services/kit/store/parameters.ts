/**
 * A value as it goes to PostgreSQL. The driver puts a list together piece by piece, which was a quarter of all the memory that
 * taking signals in went through. JSON is put together at once, and as long as it escapes nothing it is PostgreSQL's own form
 * of a list but for the brackets; what it can't say so is left to the driver.
 */
export function parameterOf(value: unknown): unknown {
  if (!Array.isArray(value) || !value.every(isPlain)) return value
  const list = JSON.stringify(value)
  return list.includes('\\') ? value : `{${list.slice(1, -1)}}`
}

function isPlain(item: unknown): boolean {
  return typeof item === 'string' || item === null || typeof item === 'boolean' || Number.isFinite(item)
}
