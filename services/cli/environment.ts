/** For the commands that do what services do: the services' environment, and their errors in a command's words. */
import { type Environment, parseEnvironment } from '../kit/environment.ts'
import { TrainyardError } from '../kit/errors.ts'
import { CommandFailure } from './failure.ts'

export function environmentOf(variables: Readonly<Record<string, string | undefined>>): Environment {
  try {
    return parseEnvironment(variables)
  } catch (error) {
    throw asFailure(error)
  }
}

export function asFailure(error: unknown): unknown {
  return error instanceof TrainyardError && error.hint !== undefined
    ? new CommandFailure(error.message, { next: error.hint, cause: error })
    : error
}
