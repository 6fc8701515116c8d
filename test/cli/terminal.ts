import type { Context, Terminal } from '../../services/cli/context.ts'

export type FakeTerminal = Terminal & { outText(): string; errText(): string }

/** A terminal that remembers what it was given. */
export function fakeTerminal(facts: Partial<Pick<Terminal, 'colours' | 'live' | 'columns'>> = {}): FakeTerminal {
  const said = { out: '', err: '' }
  return {
    colours: false,
    live: false,
    columns: 100,
    ...facts,
    out(text) {
      said.out += text
    },
    err(text) {
      said.err += text
    },
    outText: () => said.out,
    errText: () => said.err,
  }
}

export function fakeContext(terminal: Terminal, variables: Context['variables'] = {}): Context {
  return {
    terminal,
    variables,
    actor: 'ada@example',
    signal: new AbortController().signal,
    now: () => new Date('2026-03-01T12:00:00Z'),
  }
}
