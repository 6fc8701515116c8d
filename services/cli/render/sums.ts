/** The ledger's sum (D8), and whether it is right. */

import { number } from '../../kit/figures.ts'
import type { Sums } from '../client/intake.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

export function sumsText(sums: Sums, style: Style): string {
  const parts = [
    ['launched', sums.launched],
    ['coalesced', sums.coalesced],
    ['unchanged', sums.unchanged],
    ['rejected', sums.rejected],
    ['dead-lettered', sums.deadLettered],
    ['still waiting', sums.waiting],
  ] as const
  const rows = parts.map(([name, count], index) => [index === 0 ? '=' : '+', number(count), name])
  const balance = sums.balanced
    ? style.good('The sum is right: every signal is accounted for.')
    : style.bad('The sum is wrong: a signal is lost or counted twice. Please report this.')
  return `${table(
    [{ title: '' }, { title: '', align: 'right' }, { title: '' }],
    [['', number(sums.received), 'received'], ...rows],
  )}${balance}\n`
}
