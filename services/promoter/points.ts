/** The seams at which a test may kill the process. */
export const points = [
  'promoter.evaluation.recorded',
  'promoter.verdict.given',
  'promoter.verdict.said',
  'promoter.verdict.durable',
  'promoter.decision.said',
  'promoter.decision.durable',
  'promoter.expiry.said',
  'promoter.expiry.durable',
] as const

export type Point = (typeof points)[number]
