import type { TestContext } from 'node:test'

const stacks = new WeakMap<object, (() => unknown)[]>()

/** Undoes things in reverse order when the test ends: what was opened last is closed first. */
export function cleanup(t: Pick<TestContext, 'after'>, undo: () => unknown): void {
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
