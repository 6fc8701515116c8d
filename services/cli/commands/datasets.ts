import type { Command } from 'commander'
import { counted } from '../../kit/figures.ts'
import type { Dataset } from '../client/intake.ts'
import type { Context } from '../context.ts'
import { openFile } from '../input.ts'
import { facts, printable } from '../render/table.ts'
import { openSession } from '../session.ts'

export function addDatasets(program: Command, context: Context): void {
  const datasets = program
    .command('datasets')
    .summary('post and look at datasets')
    .description('Datasets: JSON Lines of {"text", "intent"}, where "intent": null is an out-of-scope example.')
  datasets
    .command('add')
    .summary('post a dataset')
    .description('Posts a dataset: it is checked, split and stored. Prints the URI that events may carry.')
    .argument('<file>', 'JSON Lines; - for standard input')
    .action(async (file: string, _options: object, command: Command) => {
      const session = openSession(command, context)
      const dataset = await session.api.intake.addDataset(await openFile(file))
      session.show(dataset, () => datasetPage(dataset))
    })
  datasets
    .command('show')
    .summary('its size, its split, and what there is to know about it')
    .description('Shows a stored dataset: its size, its split, and what there is to know about it.')
    .argument('<digest>', 'its digest, or its URI')
    .action(async (digest: string, _options: object, command: Command) => {
      const session = openSession(command, context)
      const dataset = await session.api.intake.dataset(digest.replace(/^dataset:/, ''))
      session.show(dataset, () => datasetPage(dataset))
    })
}

export function datasetPage(dataset: Dataset): string {
  const { digest, uri, rows, trainRows, examRows, intents, reports } = dataset
  return facts([
    ['uri', uri],
    ['digest', digest],
    ['rows', `${counted(rows, 'row')}: ${trainRows} to train on, ${examRows} for the exam`],
    ['intents', counted(intents, 'intent')],
    ...reports.map(({ message, lines }): [string, string] => [
      'note',
      `${printable(message)} (lines ${lines.join(', ')})`,
    ]),
  ])
}
