import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { cleanup } from '../harness/cleanup.ts'

/** A folder that is gone when the test ends. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'))
  cleanup(t, () => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What every program of these tests can use. */
const prelude = `
import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
const step = process.argv.at(-1)
const { TRAINYARD_INPUT_DIR: input, TRAINYARD_OUTPUT_DIR: output, TRAINYARD_CHECKPOINT_DIR: checkpoint } = process.env
const forever = () => new Promise(() => setInterval(() => {}, 60_000))
function writeModel(content = 'weights') {
  fs.mkdirSync(join(output, 'model'), { recursive: true })
  fs.writeFileSync(join(output, 'model', 'weights.txt'), content)
}
function predict() {
  const lines = fs.readFileSync(join(input, 'texts.jsonl'), 'utf8').trim().split('\\n').map((line) => JSON.parse(line))
  const answers = lines.map(({ id }) => JSON.stringify({ id, intent: 'greeting', confidence: 1, top: [['greeting', 1]] }))
  fs.writeFileSync(join(output, 'predictions.jsonl'), answers.join('\\n') + '\\n')
}
`

/** A program that honours the contract but for what \`training\` does first in the step \`train\`. */
export async function writeProgram(t: Pick<TestContext, 'after'>, training = '', predicting = ''): Promise<string[]> {
  const file = join(await temporaryFolder(t), 'program.mjs')
  const body = `if (step === 'train') { ${training}\n writeModel() } else { ${predicting}\n predict() }`
  await writeFile(file, `${prelude}\n${body}\n`)
  return ['node', file]
}
