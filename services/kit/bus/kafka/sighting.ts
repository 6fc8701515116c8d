/**
 * Of a topic: the time in which messages were known to lie in the log that has been read all along. Whatever partition they
 * are of they tell it of the others, since a topic is deleted and made again as a whole.
 *
 * Invariant: from one end to the other messages followed each other so soon that none was made anew in between. One whose
 * time is far from all others begins a time of its own, and says nothing of what came between.
 */
export interface Sighting {
  /** Whether some partition had been read before: then only such ones tell, since one that begins may begin in another log. */
  hasPast: boolean
  note(atMs: number): void
  /** Whether a message of this time was written to that log too, if it was written to the topic. */
  covers(atMs: number): boolean
}

/** No topic is deleted and made again in less: an idle broker beside us takes twice as long. */
export const soonMs = 50

export function makeSighting(): Sighting {
  let fromMs = Number.POSITIVE_INFINITY
  let untilMs = Number.NEGATIVE_INFINITY
  const covers = (atMs: number) => atMs >= fromMs - soonMs && atMs <= untilMs + soonMs

  return {
    hasPast: false,
    note(atMs) {
      const goesOn = covers(atMs)
      fromMs = goesOn ? Math.min(fromMs, atMs) : atMs
      untilMs = goesOn ? Math.max(untilMs, atMs) : atMs
    },
    covers,
  }
}
