/** What the registry says, in a test's hand. Images are all there, whatever they are called, unless they fail. */
export interface Images {
  fail(image: string, message?: string): void
  allow(image: string): void
  /** Why it cannot be had. */
  problem(image: string): string | undefined
}

export function makeImages(): Images {
  const failing = new Map<string, string>()
  return {
    fail(image, message = `failed to pull and unpack image "${image}": failed to resolve reference: not found`) {
      failing.set(image, message)
    },
    allow(image) {
      failing.delete(image)
    },
    problem: (image) =>
      // The name is reserved for hosts that do not exist.
      failing.get(image) ??
      (/^[^/]*\.invalid\//.test(image) ? `failed to pull image "${image}": no such host` : undefined),
  }
}
