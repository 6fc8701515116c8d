/** Runs `work` for every item, at most `limit` at a time. After a failure no further one begins. */
export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  // Shared by the workers. A loop that is left by an error closes its generator, and so the others' too.
  const queue = each(items)
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}

function* each<T>(items: readonly T[]): Generator<T> {
  yield* items
}
