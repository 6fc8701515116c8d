import type { HeldOut } from '../answering/calibrate.ts'
import type { Lesson, Training } from './training.ts'

/** The examples held out in a finished training, each with the logits from a fit that has not seen it. */
export function heldOutOf(
  { heldOutLogits, learner }: Training,
  { rounds, classOf }: Lesson,
): (HeldOut & { text: number })[] {
  const { classes } = learner
  const texts = rounds.flatMap((round) => [...round.heldOut])
  return texts.map((text, at) => ({
    text,
    logits: heldOutLogits.subarray(at * classes, (at + 1) * classes),
    classIndex: classOf[text] ?? 0,
  }))
}
