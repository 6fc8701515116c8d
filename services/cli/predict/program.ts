/** Which command runs a champion's program on this machine. Pure but for looking whether a file is there. */
import { existsSync } from 'node:fs'
import { programFolders, resolveCommand } from '../../kit/program-command.ts'
import { CommandFailure } from '../failure.ts'

export interface ProgramOfModel {
  readonly command: readonly string[]
  readonly image?: string | undefined
}

const scriptEnding = /^[^-].*\.(ts|js|mjs|cjs|py|sh|rb|jar)$/

/**
 * The command with the files that it names made absolute, since the program runs in a folder of its own.
 * @param configurationFile beside which a program of one's own lies; without one, in the working folder
 * @throws CommandFailure when a file that it names is not here
 */
export function localCommand({ command, image }: ProgramOfModel, configurationFile?: string): string[] {
  const local = resolveCommand(command, programFolders(configurationFile))
  const missing = local.find((element) => scriptEnding.test(element) && !existsSync(element))
  if (missing === undefined) return local
  const where = image === undefined ? 'where it is' : `in its image ${image}`
  throw new CommandFailure(`the model's program (${command.join(' ')}) cannot run here: there is no ${missing}`, {
    next: `Run this command ${where}.`,
  })
}
