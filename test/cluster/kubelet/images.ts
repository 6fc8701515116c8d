/** What a container has of its image. */
export interface Image {
  /** Where its files lie on this machine. */
  readonly root: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly workingDirectory: string
}

/** What the registry says, in a test's hand. Images are all there, whatever they are called, unless they fail. */
export interface Images {
  content(image: string): Image
  fail(image: string, message?: string): void
  allow(image: string): void
  /** Why it cannot be had. */
  problem(image: string): string | undefined
}

/** The machine itself, as an image: a test need not make one for each program. */
const machine: Image = {
  root: '/',
  environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  entrypoint: [],
  command: [],
  workingDirectory: '/',
}

/** @param built those that are not the machine's own files, by their names */
export function makeImages(built: Readonly<Record<string, Image>>): Images {
  const failing = new Map<string, string>()
  return {
    content: (image) => built[image] ?? machine,
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
