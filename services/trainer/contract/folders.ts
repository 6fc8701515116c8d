import { badInput } from './outcome.ts'

/** Where a program reads, writes and keeps unfinished work, and what other runs may use again. */
export type Folders = { input: string; output: string; checkpoint: string; cache: string | undefined }

const variables = {
  input: 'TRAINYARD_INPUT_DIR',
  output: 'TRAINYARD_OUTPUT_DIR',
  checkpoint: 'TRAINYARD_CHECKPOINT_DIR',
} as const satisfies Record<Exclude<keyof Folders, 'cache'>, string>

export function foldersFrom(environment: NodeJS.ProcessEnv): Folders {
  const folder = (name: keyof typeof variables): string => {
    const path = environment[variables[name]]
    if (path) return path
    throw badInput(`The environment variable ${variables[name]} is not set: name the ${name} folder with it.`)
  }
  return {
    input: folder('input'),
    output: folder('output'),
    checkpoint: folder('checkpoint'),
    cache: environment['TRAINYARD_CACHE_DIR'] || undefined,
  }
}
