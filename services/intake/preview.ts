/** What a message would become under one trigger, and why it would not be a signal. Pure. */
import type { Trigger } from '../../schemas/configuration.ts'
import type { Incoming, Reading } from './reading.ts'
import type { Signal } from './signal.ts'
import { translate, whyNot } from './translate.ts'

export type Preview =
  | { readonly becomes: 'signal'; readonly event: Incoming; readonly signal: Signal }
  | { readonly becomes: 'deadLetter'; readonly event: Incoming | undefined; readonly reason: string }
  | { readonly becomes: 'nothing'; readonly event: Incoming | undefined; readonly reason: string }

// Nothing follows from a preview, so it is in nobody's trace.
const noTrace = ''

export function preview(reading: Reading, trigger: Trigger): Preview {
  if (reading.kind === 'nothing') return { becomes: 'nothing', event: undefined, reason: 'it is a tombstone' }
  if (reading.kind === 'notUnderstood') return { becomes: 'deadLetter', event: undefined, reason: reading.reason }
  const { event } = reading
  const { signals, dead } = translate(event, [trigger], noTrace)
  const [signal] = signals
  const [problem] = dead
  if (signal) return { becomes: 'signal', event, signal }
  if (problem) return { becomes: 'deadLetter', event, reason: problem.reason }
  return { becomes: 'nothing', event, reason: `it is not for ${trigger.name}: ${whyNot(trigger, event)}` }
}
