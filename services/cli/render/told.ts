/** Verdicts carry many reasons; in a line of a story only the first one or none has room. */
import { z } from 'zod'

const Reasons = z.object({ reasons: z.array(z.string()).min(1) })

/** The sentence of an event without the reasons that its data holds, and these. */
export function apart({ what, data }: { what: string; data: unknown }): { head: string; reasons: readonly string[] } {
  const parsed = Reasons.safeParse(data)
  if (!parsed.success) return { head: what, reasons: [] }
  const { reasons } = parsed.data
  const end = what.indexOf(`: ${reasons[0]}`)
  return { head: end < 0 ? what : what.slice(0, end), reasons }
}
