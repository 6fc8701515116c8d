/** Aligned columns of text. Widths are of what is seen: colour codes take no room, wide characters take two columns. */
import { stripVTControlCharacters } from 'node:util'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const gap = '  '

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, visibleWidth(row[index] ?? '')), visibleWidth(column.title)),
  )
  const line = (cells: readonly string[]) =>
    columns
      .map((column, index) => {
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - visibleWidth(cells[index] ?? '')))
        return column.align === 'right' ? padding + (cells[index] ?? '') : (cells[index] ?? '') + padding
      })
      .join(gap)
      .trimEnd()
  const hasTitles = columns.some((column) => column.title !== '')
  return [...(hasTitles ? [line(columns.map((column) => column.title))] : []), ...rows.map(line)]
    .map((text) => `${text}\n`)
    .join('')
}

/** Names and values below each other, as the head of a page about one thing. No name: more of the one above. */
export function facts(entries: readonly (readonly [name: string, value: string | null | undefined])[]): string {
  return table(
    [{ title: '' }, { title: '' }],
    entries.flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name === '' ? '' : `${name}:`, value]],
    ),
  )
}

export function visibleWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += wide.test(character) ? 2 : 1
  return width
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u

/** At most `width` columns, with the cut marked. */
export function clip(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (visibleWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}

/** The id of a bot as a cell: a long one would push all other columns out of sight. */
export const botCell = (bot: string): string => clip(printable(bot), 30)

/** What others wrote, fit to be shown: control characters (which could move the cursor) become visible marks. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\n' || character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
