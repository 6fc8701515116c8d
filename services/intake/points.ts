/** Where a test may kill the process: the seams between what is durable and what comes next. */
export const points = [
  'intake.dataset.stored',
  'intake.signals.written',
  'intake.signals.durable',
  'intake.request.claimed',
  'intake.request.decided',
  'intake.request.durable',
  'intake.signals.ended',
] as const

export type Point = (typeof points)[number]
