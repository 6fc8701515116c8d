/** `echo` honours the contract and does nothing else, for tests and benchmarks. `options.ts` lists what it can be told. */

import type { Program } from '../contract/program.ts'
import { log } from '../contract/report.ts'
import { readExamples, readTexts } from '../contract/rows.ts'
import { readSpec } from '../contract/spec.ts'
import { learn, readModel, writeModel } from './model.ts'
import { misbehaves, optionsFrom } from './options.ts'
import { writeAnswers } from './predictions.ts'

export const echo: Program = {
  async train(folders) {
    const spec = readSpec(folders.input)
    const options = optionsFrom(spec.hyperparameters, spec.attempt)
    const examples = readExamples(folders.input, spec.intents)
    if (misbehaves(options, 'train')) await (await import('./misbehave.ts')).misbehave(options, folders)
    writeModel(folders.output, learn(examples, spec.intents, options), options)
    log(`remembers ${examples.length} texts of ${spec.intents.length} intents`)
  },

  async predict(folders) {
    const spec = readSpec(folders.input)
    const options = optionsFrom(spec.hyperparameters, spec.attempt)
    const model = readModel(folders.input)
    if (misbehaves(options, 'predict')) await (await import('./misbehave.ts')).misbehave(options, folders)
    writeAnswers(folders.output, model, readTexts(folders.input), options.predictions)
  },
}
