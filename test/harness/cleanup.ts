/** What a test context offers: a way to undo things when it ends. */
export interface Ending {
  after(undo: () => unknown): void
}

const stacks = new WeakMap<object, (() => unknown)[]>()

/** Undoes things in reverse order when the test ends: what was opened last is closed first. */
export function cleanup(t: Ending, undo: () => unknown): void {
  const known = stacks.get(t)
  if (known) {
    known.push(undo)
    return
  }
  const stack = [undo]
  stacks.set(t, stack)
  t.after(() => undoAll(stack))
}

/** The same for what is no test. */
export async function withCleanup<T>(work: (t: Ending) => Promise<T>): Promise<T> {
  const stack: (() => unknown)[] = []
  try {
    return await work({ after: (undo) => stack.push(undo) })
  } finally {
    await undoAll(stack)
  }
}

/** All of it, also after something could not be undone: what is left running would keep the process from its end. */
async function undoAll(stack: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    try {
      await next()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} things could not be undone`)
}
