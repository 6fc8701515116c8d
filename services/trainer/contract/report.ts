/** What a program says on stdout: JSON with `progress` is progress, any other line is log. */

/** `done` from 0 to 1, with figures for whoever reads the log. */
export function reportProgress(done: number, figures: Readonly<Record<string, string | number>> = {}): void {
  process.stdout.write(`${JSON.stringify({ progress: Math.min(1, Math.max(0, done)), ...figures })}\n`)
}

export function log(line: string): void {
  process.stdout.write(`${line}\n`)
}
