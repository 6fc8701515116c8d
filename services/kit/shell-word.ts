/**
 * A text as one word of a shell's command line. The commands that people are told to call name bots, and what a bot is
 * called was decided elsewhere: it must neither fall into several words nor be carried out.
 */
export function shellWord(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
