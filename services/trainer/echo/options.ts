/**
 * What `echo` can be told to do, by the job type's hyperparameters:
 *
 * | hyperparameter     | default     | what it does                                                                       |
 * |--------------------|-------------|------------------------------------------------------------------------------------|
 * | `in`               | `train`     | the command that misbehaves: `train`, `predict` or `both`                          |
 * | `untilAttempt`     | no end      | the last attempt that misbehaves; later ones are honest                            |
 * | `sleepMs`          | 0           | works for so long, with progress ten times; SIGTERM saves how far it came, ends 75 |
 * | `logMegabytes`     | 0           | prints so many MB of log                                                           |
 * | `children`         | 0           | starts so many children that stay, ignore SIGTERM and keep its stdout open         |
 * | `detachedChildren` | 0           | the same, each in a process group of its own                                       |
 * | `saveAndExit`      | 0           | so many times in a row saves in the checkpoint folder and ends with 75             |
 * | `hang`             |             | does not end: `untilTerm` (SIGTERM ends it) or `ignoreTerm`                        |
 * | `crash`            |             | kills itself with this signal, such as `SIGKILL`                                   |
 * | `exitCode`         |             | ends with this code and writes nothing                                             |
 * | `model`            |             | `none`: writes no model; `link`, `folderLink`: with a symbolic link that leads out |
 * |                    |             | of it; `climbing`: with a file named `..\..\climbed`                              |
 * | `modelMegabytes`   | 0           | adds a file of so many MB to the model                                             |
 * | `modelFiles`       | 0           | adds so many empty files to the model                                              |
 * | `predictions`      |             | `none`: writes none; `link`: a symbolic link; `notJson`: a broken line;            |
 * |                    |             | `unknownId`, `missingId`, `duplicateId`; `nan`, `infinite`: as a confidence;       |
 * |                    |             | `outOfRange`: a confidence of 2                                                    |
 * | `accuracy`         | 1           | the share of texts answered as meant; the others, chosen by their hash, are wrong  |
 * | `wrongFor`         | {}          | `{ "intent": "other" }`: answers the other wherever it meant the intent            |
 *
 * From `sleepMs` to `exitCode` they happen in the table's order, before anything is written, and can be combined:
 * `sleepMs: 500, exitCode: 3` fails after half a second. `accuracy` and `wrongFor` make a bad model, which is no
 * misbehaviour: they hold for every attempt.
 */

import { constants } from 'node:os'
import { type Fields, isFields } from '../contract/lines.ts'
import { badInput } from '../contract/outcome.ts'

const commands = ['train', 'predict', 'both'] as const
const hangs = ['untilTerm', 'ignoreTerm'] as const
const modelFlaws = ['none', 'link', 'folderLink', 'climbing'] as const
const predictionFlaws = [
  'none',
  'link',
  'notJson',
  'unknownId',
  'missingId',
  'duplicateId',
  'nan',
  'infinite',
  'outOfRange',
] as const

export type PredictionFlaw = (typeof predictionFlaws)[number]

/** How a command misbehaves before it writes anything. */
export type Misbehaviour = {
  sleepMs: number
  logMegabytes: number
  children: number
  detachedChildren: number
  saveAndExit: number
  hang: (typeof hangs)[number] | undefined
  crash: NodeJS.Signals | undefined
  exitCode: number | undefined
}

export type Options = Misbehaviour & {
  in: (typeof commands)[number]
  model: (typeof modelFlaws)[number] | undefined
  modelMegabytes: number
  modelFiles: number
  predictions: PredictionFlaw | undefined
  accuracy: number
  wrongFor: Readonly<Record<string, string>>
}

export function optionsFrom(hyperparameters: Fields, attempt: number): Options {
  const given = new Map(Object.entries(hyperparameters))
  const take = (name: string): unknown => {
    const value = given.get(name)
    given.delete(name)
    return value
  }
  const number = (name: string, lowest: number, highest: number): number | undefined => {
    const value = take(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && value >= lowest && value <= highest) return value
    throw wrong(name, `a number from ${lowest} to ${highest}`)
  }
  const count = (name: string): number => number(name, 0, 1e9) ?? 0
  const word = <Word extends string>(name: string, words: readonly Word[]): Word | undefined => {
    const value = take(name)
    const found = words.find((one) => one === value)
    if (value === undefined || found !== undefined) return found
    throw wrong(name, `one of ${words.join(', ')}`)
  }
  const lastAttempt = number('untilAttempt', 0, 1e9) ?? Number.POSITIVE_INFINITY
  const options: Options = {
    in: word('in', commands) ?? 'train',
    sleepMs: count('sleepMs'),
    logMegabytes: count('logMegabytes'),
    children: count('children'),
    detachedChildren: count('detachedChildren'),
    saveAndExit: count('saveAndExit'),
    hang: word('hang', hangs),
    crash: word('crash', Object.keys(constants.signals).filter(isSignal)),
    exitCode: number('exitCode', 0, 255),
    model: word('model', modelFlaws),
    modelMegabytes: count('modelMegabytes'),
    modelFiles: count('modelFiles'),
    predictions: word('predictions', predictionFlaws),
    accuracy: number('accuracy', 0, 1) ?? 1,
    wrongFor: namesIn(take('wrongFor')),
  }
  const [unknown] = given.keys()
  if (unknown !== undefined) throw badInput(`spec.json: hyperparameters.${unknown}: echo knows no such hyperparameter.`)
  return attempt <= lastAttempt ? options : { ...options, ...honest }
}

/** Whether the options ask this command to misbehave before it writes. */
export function misbehaves(options: Options, command: 'train' | 'predict'): boolean {
  return options.in === 'both' || options.in === command
}

const honest: Misbehaviour & Pick<Options, 'model' | 'modelMegabytes' | 'modelFiles' | 'predictions'> = {
  sleepMs: 0,
  logMegabytes: 0,
  children: 0,
  detachedChildren: 0,
  saveAndExit: 0,
  hang: undefined,
  crash: undefined,
  exitCode: undefined,
  model: undefined,
  modelMegabytes: 0,
  modelFiles: 0,
  predictions: undefined,
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals
}

function namesIn(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  if (!isFields(value)) throw wrong('wrongFor', 'an object')
  return Object.fromEntries(
    Object.entries(value).map(([intent, other]) => {
      if (typeof other === 'string') return [intent, other]
      throw wrong(`wrongFor.${intent}`, 'an intent')
    }),
  )
}

function wrong(name: string, expected: string): Error {
  return badInput(`spec.json: hyperparameters.${name}: expected ${expected}.`)
}
