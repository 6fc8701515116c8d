import type { Kit } from '../kit/service.ts'

/** The seams at which a test may kill the process: before and after each commit, and around each call of the executor. */
export const points = [
  'launcher.consumer.changed',
  'launcher.queue.chosen',
  'launcher.queue.started',
  'launcher.executor.starting',
  'launcher.executor.started',
  'launcher.attempt.placed',
  'launcher.attempt.claimed',
  'launcher.model.stored',
  'launcher.answers.checked',
  'launcher.attempt.committed',
  'launcher.attempt.ended',
  'launcher.run.ending',
  'launcher.run.ended',
  'launcher.executor.releasing',
  'launcher.attempt.released',
] as const

export type Point = (typeof points)[number]

/** The kit as the launcher uses it: its points are those of the list. */
export interface LauncherKit extends Omit<Kit, 'point'> {
  point(name: Point): Promise<void>
}
