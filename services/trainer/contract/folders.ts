import { badInput } from './outcome.ts'

/** Where a program reads, writes and keeps unfinished work. */
export type Folders = { input: string; output: string; checkpoint: string }

const variables = {
  input: 'TRAINYARD_INPUT_DIR',
  output: 'TRAINYARD_OUTPUT_DIR',
  checkpoint: 'TRAINYARD_CHECKPOINT_DIR',
} as const satisfies Record<keyof Folders, string>

export function foldersFrom(environment: NodeJS.ProcessEnv): Folders {
  const folder = (name: keyof Folders): string => {
    const path = environment[variables[name]]
    if (path) return path
    throw badInput(`The environment variable ${variables[name]} is not set: name the ${name} folder with it.`)
  }
  return { input: folder('input'), output: folder('output'), checkpoint: folder('checkpoint') }
}
