/** The model card: for whoever reads the model's folder. Nothing in it changes from one training of the same to the next. */

import type { Classes } from '../answering/classes.ts'
import type { Examination } from '../answering/examination.ts'
import { type LabelNoise, surelyShare } from '../answering/label-noise.ts'
import type { Example } from '../contract/rows.ts'
import type { Recipe } from './recipe.ts'

export type CardFacts = {
  classes: Classes
  examples: readonly Example[]
  /** Of `train.jsonl`. */
  dataDigest: string
  examination: Examination
  noise: LabelNoise
  recipe: Recipe
  epochs: number
  rounds: number
  encoder: string | undefined
}

export function modelCard(facts: CardFacts): string {
  return `${[...about(facts), ...figures(facts), ...outOfScope(facts), ...labels(facts), ...limits(facts)].join('\n')}\n`
}

function about({ classes, examples, dataDigest, recipe, epochs, encoder }: CardFacts): string[] {
  const { intents, hasNull } = classes
  const vectors =
    encoder === undefined ? 'vectors of n-grams learnt from the same examples' : `the sentence vectors of ${encoder}`
  return [
    '# Model card: wide-deep',
    '',
    'Tells which of its intents a text means: a linear model on n-grams of words and characters, and beside it a dense',
    `network on ${vectors}.`,
    '',
    '| | |',
    '|---|---|',
    `| Training data | \`sha256:${dataDigest}\` (\`train.jsonl\`) |`,
    `| Examples | ${examples.length}, of ${intents.length} intents${hasNull ? ' and out of scope' : ''} |`,
    `| Epochs, batch, hidden | ${Number(epochs.toFixed(2))}, ${recipe.batchSize}, ${recipe.hidden} |`,
    `| Seed | ${recipe.seed} |`,
    '',
  ]
}

function figures({ examination, rounds }: CardFacts): string[] {
  const { inScope, outside, accuracy, calibrationError, outOfScope } = examination
  if (inScope === 0) {
    return [
      '## Figures',
      '',
      'No example could be held out, so there are none: give at least two examples per intent.',
      '',
    ]
  }
  const folds = rounds === 2 ? 'One more network was' : `${rounds - 1} more networks were`
  return [
    '## Figures',
    '',
    `${folds} trained without a part of the examples and asked about that part; the model itself has learnt from all.`,
    'Temperature and threshold were fitted on the same answers, so an exam of new texts may turn out a little lower.',
    '',
    '| | |',
    '|---|---|',
    `| Held-out examples | ${inScope} in scope, ${outside} out of scope |`,
    `| Right intent | ${percent(accuracy)} |`,
    `| Calibration error, 15 bins | ${percent(calibrationError)} |`,
    ...(outOfScope === null
      ? []
      : [
          `| Out of scope recognised | ${percent(outOfScope.recall)} |`,
          `| Out of scope, AUROC | ${outOfScope.auroc.toFixed(3)} |`,
        ]),
    '',
  ]
}

function outOfScope({ examination, recipe }: CardFacts): string[] {
  const { outOfScope } = examination
  if (outOfScope === null) {
    return ['## Out of scope', '', 'There were no examples to learn it from: the model always answers an intent.', '']
  }
  return [
    '## Out of scope',
    '',
    `The model answers out of scope as if ${percent(recipe.outOfScopeShare)} of the texts were`,
    '(`outOfScopeShare`). Another share moves along this curve:',
    '',
    '| in scope, taken for out of scope | in scope, right intent | out of scope, recognised |',
    '|---|---|---|',
    ...outOfScope.curve.map(
      (point) => `| ${[point.rejected, point.accuracy, point.recall].map(percent).join(' | ')} |`,
    ),
    '',
  ]
}

function labels({ noise, classes, examples }: CardFacts): string[] {
  if (noise.examined === 0) return []
  const { examined, surelyContradicted, suspicions, ambiguousTexts } = noise
  const nameOf = (intent: string | null | undefined): string => (intent == null ? 'out of scope' : escaped(intent))
  return [
    '## Labels to look at',
    '',
    `${surelyContradicted} of ${examined} held-out examples are taken for another intent with a probability of at least`,
    `${percent(surelyShare)}. ${ambiguousTexts} texts stand under several intents.`,
    '',
    ...(suspicions.length === 0
      ? []
      : [
          '| text | labelled | taken for | probability |',
          '|---|---|---|---|',
          ...suspicions.map(({ example, taken, takenShare }) => {
            const { text = '', intent } = examples[example] ?? {}
            return `| ${escaped(text)} | ${nameOf(intent)} | ${nameOf(classes.intents[taken])} | ${percent(takenShare)} |`
          }),
          '',
        ]),
  ]
}

function limits({ encoder }: CardFacts): string[] {
  return [
    '## Not to be used for',
    '',
    '- Other bots, or texts unlike the examples: what the model has not seen, it answers with one of its intents.',
    '- Decisions about people, or acts that cannot be undone, without asking back: it is wrong now and then, and sure of it.',
    '- Telling who writes, what mood they are in or whether a text is harmful: it knows nothing but its intents.',
    ...(encoder === undefined ? [] : ['- Other languages than English: there the sentence vectors mean little.']),
  ]
}

const longestText = 160

/** As one cell of a table. */
function escaped(text: string): string {
  const short = text.length > longestText ? `${text.slice(0, longestText).toWellFormed()}…` : text
  return short.replace(/\s+/gu, ' ').replace(/[\\`*_[\]<>|#~]/g, '\\$&')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
