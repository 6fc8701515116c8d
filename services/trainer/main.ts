/**
 * The reference training programs: `main.ts <program> train|predict`, by the training-program contract
 * (`schemas/program.ts`). Only the chosen program is loaded, so that a small one starts fast.
 */

import { foldersFrom } from './contract/folders.ts'
import { badInput, endWith } from './contract/outcome.ts'
import type { Program } from './contract/program.ts'

const programs: Readonly<Record<string, () => Promise<Program>>> = {
  'wide-deep': async () => (await import('./wide-deep/program.ts')).wideDeep,
  wide: async () => (await import('./wide/program.ts')).wide,
  echo: async () => (await import('./echo/program.ts')).echo,
}

async function run(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const [name = '', command = ''] = words
  const load = Object.hasOwn(programs, name) ? programs[name] : undefined
  if (load === undefined || (command !== 'train' && command !== 'predict') || words.length !== 2) {
    const known = Object.keys(programs).join('|')
    throw badInput(
      `This program was called with "${words.join(' ')}"; expected "${known} train|predict": set the job type's ` +
        'command to the program alone, the runner adds train or predict.',
    )
  }
  const folders = foldersFrom(environment)
  const program = await load()
  await program[command](folders)
}

await run(process.argv.slice(2), process.env).catch(endWith)
