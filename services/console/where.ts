/** A condition with its values: each `?` in the text stands for the next one. */
export type Condition = readonly [text: string, ...values: unknown[]]

/** The conditions that are asked for, those without an undefined value, as one `where` clause with its values. */
export function whereOf(conditions: readonly Condition[]): { readonly where: string; readonly values: unknown[] } {
  const asked = conditions.filter((condition) => !condition.includes(undefined))
  const values = asked.flatMap(([, ...given]) => given)
  let place = 0
  const texts = asked.map(([text]) =>
    text.replaceAll('?', () => {
      place += 1
      return `$${place}`
    }),
  )
  return { where: texts.length === 0 ? '' : `where ${texts.join(' and ')}`, values }
}
