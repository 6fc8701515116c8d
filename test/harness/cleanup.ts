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
  t.after(async () => {
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) await next()
  })
}
