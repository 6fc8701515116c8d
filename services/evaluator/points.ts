/** The seams at which a test may kill the process. */
export const points = [
  'evaluator.run.recorded',
  'evaluator.evaluation.claimed',
  'evaluator.document.stored',
  'evaluator.evaluation.said',
  'evaluator.evaluation.durable',
] as const

export type Point = (typeof points)[number]
