import type { Command } from 'commander'
import { parse as parseYaml, YAMLParseError } from 'yaml'
import { PromotionPolicy } from '../../../schemas/job-type.ts'
import { readValue } from '../../../schemas/problems.ts'
import { counted } from '../../kit/figures.ts'
import type { JudgedModel, Preview } from '../client/promoter.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitCodes } from '../failure.ts'
import { findRunId } from '../ids.ts'
import { readText } from '../input.ts'
import { paintState, type Style } from '../render/style.ts'
import { botCell, facts, printable, table } from '../render/table.ts'
import { openSession } from '../session.ts'

type Options = { policy?: string; all?: true }

export function addVerdict(program: Command, context: Context): void {
  program
    .command('verdict')
    .summary('why a model was promoted, held or rejected, or what another policy would have said')
    .description(
      'Shows the verdict on a model with all its reasons. With --policy, the verdict is computed again from the same ' +
        'evaluation under another policy; with --all, for every model ever judged.',
    )
    .argument('[run]', 'the run whose model it is; the beginning of its id will do')
    .option('--policy <file>', "another policy: YAML or JSON, the fields of a job type's promotion")
    .option('--all', 'every model that was ever judged')
    .action(async (id: string | undefined, { policy: file, all }: Options, command: Command) => {
      const session = openSession(command, context)
      if ((id === undefined) !== (all === true)) {
        throw new CommandFailure('which model is meant is not clear', {
          next: 'Give a run, or --all.',
          exitCode: exitCodes.usage,
        })
      }
      const { promoter } = session.api
      const run = id === undefined ? undefined : await findRunId(session.api, id)
      const policy = file === undefined ? undefined : await readPolicy(file)
      if (run !== undefined && policy === undefined) {
        const model = await promoter.verdict(run)
        return session.show(model, () => verdictPage(model, session.style))
      }
      const previews =
        run === undefined
          ? await promoter.previewAll(policy)
          : await promoter.preview({ run, ...(policy === undefined ? {} : { policy }) })
      session.show({ verdicts: previews }, () => previewPage(previews, policy !== undefined, session.style))
    })
}

/** A policy may be given in part: what it does not say has its default, as in a configuration. */
async function readPolicy(file: string): Promise<PromotionPolicy> {
  const read = readValue(PromotionPolicy, parseDocument(await readText(file), file) ?? {}, 'the whole')
  if (read.ok) return read.value
  throw new CommandFailure(`${file} is not a promotion policy (${read.problems.join('; ')})`, {
    next: 'Its fields are those of jobTypes.NAME.promotion in trainyard.yaml.',
  })
}

function parseDocument(text: string, file: string): unknown {
  try {
    return parseYaml(text)
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    throw new CommandFailure(`${file} is not YAML: ${error.message.split('\n')[0]}`, { cause: error })
  }
}

function verdictPage(model: JudgedModel, style: Style): string {
  const { verdict, facts: known } = model
  const head = `${style.bold(model.run)} of ${printable(model.bot)}, ${model.jobType}, generation ${model.generation}: `
  if (verdict === null) return `${head}no verdict yet\n`
  const decided = model.decidedBy === 'policy' ? '' : `, decided by ${printable(model.actor ?? model.decidedBy ?? '–')}`
  return [
    `${head}${paintState(style, verdict.verdict)} (by the rule ${verdict.rule})\n`,
    ...verdict.reasons.map(({ passed, text }) => `  ${passed ? style.good('✓') : style.bad('✗')} ${printable(text)}\n`),
    '\n',
    facts([
      [
        'now',
        `${paintState(style, model.state)}${decided}${model.reason === null ? '' : `: ${printable(model.reason)}`}`,
      ],
      ['evaluation', model.evaluation],
      [
        'then',
        known === null
          ? null
          : `champion #${known.championSequence}, fence at generation ${known.fence}${known.pinned ? ', pinned' : ''}`,
      ],
    ]),
  ].join('')
}

function previewPage(previews: readonly Preview[], isAnotherPolicy: boolean, style: Style): string {
  if (previews.length === 0) return 'No model was judged yet.\n'
  const rows = previews.map((preview) => [
    preview.run,
    botCell(preview.bot),
    preview.jobType,
    String(preview.generation),
    paintState(style, preview.was),
    preview.verdict === preview.was ? style.faint('the same') : paintState(style, preview.verdict),
    printable(preview.reasons[0]?.text ?? ''),
  ])
  const columns = [
    { title: 'RUN' },
    { title: 'BOT' },
    { title: 'JOB TYPE' },
    { title: 'GEN', align: 'right' },
    { title: 'WAS' },
    { title: isAnotherPolicy ? 'WOULD BE' : 'AGAIN' },
    { title: 'REASON' },
  ] as const
  const changed = previews.filter(({ verdict, was }) => verdict !== was).length
  return `${table(columns, rows)}${counted(changed, 'verdict')} of ${previews.length} would be another.\n`
}
