import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrder } from '../../../services/cli/predict/answer.ts'
import { localCommand } from '../../../services/cli/predict/program.ts'

const line = (id: string) => JSON.stringify({ id, intent: `intent ${id}`, confidence: 0.5, top: [] })

test('answers come in the order of the texts, in whatever order the program wrote them', () => {
  const intents = inOrder(`${line('1')}\n${line('0')}\n`, 2).map(({ intent }) => intent)
  assert.deepEqual(intents, ['intent 0', 'intent 1'])
})

test('a text without an answer, and a line that is no prediction, are said by number', () => {
  assert.throws(() => inOrder(`${line('0')}\n`, 2), /gave no answer to text 2/)
  assert.throws(() => inOrder(`${line('0')}\n{"id":"1"}\n`, 2), /line 2 of the predictions is not a prediction/)
  assert.throws(() => inOrder('x\n', 1), /line 1 of the predictions is not JSON/)
})

const root = new URL('../../..', import.meta.url).pathname

test('a program of the package is found wherever the command is called from; its other words stay', () => {
  const command = localCommand({ command: ['node', 'services/trainer/main.ts', 'wide'] })
  assert.deepEqual(command, ['node', `${root}services/trainer/main.ts`, 'wide'])
})

test('a program whose file is not on this machine is said to be elsewhere, with its image', () => {
  const program = { command: ['python', '/opt/train.py'], image: 'registry/trainer:1' }
  assert.throws(() => localCommand(program), {
    message: "the model's program (python /opt/train.py) cannot run here: there is no /opt/train.py",
    next: 'Run this command in its image registry/trainer:1.',
  })
})
