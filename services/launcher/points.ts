import type { Kit } from '../kit/service.ts'

/** The seams that are on the way of every run, at which a test may kill the process. */
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

/** Those on the way of a run that has to stop, is tried again, or has a champion sit its exam. */
export const furtherPoints = [
  'launcher.attempt.created',
  'launcher.attempts.told',
  'launcher.executor.stopping',
  'launcher.executor.stopped',
  'launcher.leftovers.cleared',
] as const

export type Point = (typeof points)[number] | (typeof furtherPoints)[number]

/** The kit as the launcher uses it: its points are those of the list. */
export interface LauncherKit extends Omit<Kit, 'point'> {
  point(name: Point): Promise<void>
}
