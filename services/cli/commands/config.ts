import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { type Configuration, ConfigurationError, parseConfiguration } from '../../../schemas/configuration.ts'
import { counted } from '../../kit/figures.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { readText } from '../input.ts'
import { openSession } from '../session.ts'

export function addConfig(program: Command, context: Context): void {
  const config = program.command('config').summary('check the configuration').description('The configuration file.')
  config
    .command('check')
    .summary('say what is wrong with a configuration, line by line')
    .description('Checks a configuration file as a server would, and names every fault with its line. Needs no server.')
    .argument('[file]', 'the file (default: TRAINYARD_CONFIG, else trainyard.yaml)')
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const session = openSession(command, context)
      const file = given ?? (context.variables['TRAINYARD_CONFIG'] || 'trainyard.yaml')
      if (given === undefined && !existsSync(file)) {
        throw new CommandFailure(`there is no ${file} here`, {
          next: 'Name a file. Without one, a server takes its built-in configuration.',
        })
      }
      const checked = check(await readText(file), file)
      if ('problems' in checked) {
        session.show({ file, right: false, problems: checked.problems }, () => checked.text)
        throw new CommandFailure(`${file} has ${counted(checked.problems.length, 'fault')}`, {
          next: 'A server would not start with it; the lines above say what was expected.',
        })
      }
      const { triggers } = checked.configuration
      const jobTypes = Object.keys(checked.configuration.jobTypes)
      session.show({ file, right: true, jobTypes, triggers: triggers.map(({ name }) => name) }, () => {
        const names = jobTypes.length === 0 ? '' : ` (${jobTypes.join(', ')})`
        const holds = `${counted(jobTypes.length, 'job type')}${names} and ${counted(triggers.length, 'trigger')}`
        return `${session.style.good('Right:')} ${file} has ${holds}.`
      })
    })
}

type Checked = { configuration: Configuration } | { problems: ConfigurationError['problems']; text: string }

function check(text: string, file: string): Checked {
  try {
    return { configuration: parseConfiguration(text, file) }
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems, text: error.message }
    throw error
  }
}
