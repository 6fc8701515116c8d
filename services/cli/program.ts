/** The whole command line, put together: global options, help and errors, and one function per command. */
import { Command, CommanderError, Option } from 'commander'
import { addChampions } from './commands/champions.ts'
import { addConfig } from './commands/config.ts'
import { addDatasets } from './commands/datasets.ts'
import { addDeadLetters } from './commands/dead-letters.ts'
import { addDecisions } from './commands/decisions.ts'
import { addDemo } from './commands/demo.ts'
import { addDev } from './commands/dev.ts'
import { addEvaluation } from './commands/evaluation.ts'
import { addLogs } from './commands/logs.ts'
import { addPredict } from './commands/predict.ts'
import { addPublish } from './commands/publish.ts'
import { addRuns } from './commands/runs.ts'
import { addSignals } from './commands/signals.ts'
import { addSlots } from './commands/slots.ts'
import { addTopics } from './commands/topics.ts'
import { addTrain } from './commands/train.ts'
import { addTriggers } from './commands/triggers.ts'
import { addVerdict } from './commands/verdict.ts'
import { addWhy } from './commands/why.ts'
import type { Context } from './context.ts'
import { exitCodes, failureText } from './failure.ts'
import { defaultUrl } from './session.ts'

const groups = {
  server: 'Server:',
  changes: 'Tell it about changes:',
  look: 'See what happens:',
  decide: 'Decide:',
  operate: 'Operate:',
} as const

export function makeProgram(context: Context, version: string): Command {
  const { terminal } = context
  const program = new Command('trainyard')
    .description('Retrains the model of a bot whenever the bot changes, and puts the better model in force.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--json', 'print JSON on stdout, and everything else on stderr')
    .option('--url <url>', `the server (default: TRAINYARD_URL, else ${defaultUrl})`)
    .option('--actor <name>', `who is responsible for what is done (default: ${context.actor})`)
    .addOption(new Option('--no-color', 'print no colours, as NO_COLOR does'))
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(terminal.columns, 110) })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => terminal.colours,
      getErrHasColors: () => false,
      outputError: (text, write) => write(usageText(text)),
    })
    .addHelpText('after', examples)

  program.commandsGroup(groups.server)
  addDev(program, context)
  addDemo(program, context)
  program.commandsGroup(groups.changes)
  addPublish(program, context)
  addTrain(program, context)
  addDatasets(program, context)
  addTriggers(program, context)
  program.commandsGroup(groups.look)
  addWhy(program, context)
  addRuns(program, context)
  addLogs(program, context)
  addEvaluation(program, context)
  addChampions(program, context)
  addSignals(program, context)
  addPredict(program, context)
  program.commandsGroup(groups.decide)
  addDecisions(program, context)
  addVerdict(program, context)
  program.commandsGroup(groups.operate)
  addSlots(program, context)
  addDeadLetters(program, context)
  addTopics(program, context)
  addConfig(program, context)
  program.helpCommand('help [command]', 'print the help of a command')
  return program
}

const examples = `
Examples:
  trainyard dev                                            start everything on this machine
  trainyard publish --bot helpdesk --dataset bot.jsonl     tell it that a bot has changed, and wait with --wait
  trainyard why helpdesk                                   what holds the bot's training up, or how it ended
  trainyard evaluation run-a2b3c4d5e6                      how good the model is, beside the champion

Environment: TRAINYARD_URL, TRAINYARD_API_TOKEN, NO_COLOR; where each service has a server of its own, TRAINYARD_INTAKE_URL,
TRAINYARD_LAUNCHER_URL, TRAINYARD_PROMOTER_URL, TRAINYARD_CONSOLE_URL. Exit codes: 0 done, 1 failed, 2 used wrongly.
`

/** @returns the exit code */
export async function runProgram(program: Command, context: Context, words: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...words], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed its own message by now; help that was asked for ends with 0, help in place of a missing
    // command with 1, and that is wrong use too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    if (context.signal.aborted) return exitCodes.failed
    context.terminal.err(failureText(error))
    return exitCodeOf(error)
  }
}

function exitCodeOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'exitCode' in error && typeof error.exitCode === 'number'
    ? error.exitCode
    : exitCodes.failed
}

/** `error: unknown option '--x'` becomes `trainyard: unknown option '--x'. See "trainyard help".` */
function usageText(text: string): string {
  const what = text
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*\?)\)/, '. $1')
    .trim()
  return `trainyard: ${/[.!?]$/.test(what) ? what : `${what}.`} See "trainyard help" or "trainyard help COMMAND".\n`
}
