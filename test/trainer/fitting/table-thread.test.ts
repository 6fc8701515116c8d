import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strideOf } from '../../../services/trainer/fitting/adam.ts'
import { stream } from '../../../services/trainer/fitting/random.ts'
import { tableLayer } from '../../../services/trainer/fitting/table-layer.ts'
import { type Task, tableThread } from '../../../services/trainer/fitting/table-thread.ts'
import { learnVocabulary, vectorsOf } from '../../../services/trainer/text/vocabulary.ts'
import { smallBot } from '../harness.ts'

const texts = smallBot().map(({ text }) => text)
const vocabulary = learnVocabulary(texts, 1000)
const vectors = vectorsOf(texts, vocabulary)
const task: Task = { rows: vocabulary.weights.length, width: 7, mostTexts: 20, vectors, dropout: 0.2 }

test('a table that learns in a thread is to the bit the one that learns here', async () => {
  const here = tableLayer(task)
  const there = tableThread(task)
  try {
    for (let step = 1; step <= 5; step += 1) {
      const batch = Int32Array.from({ length: 20 - step }, (_, at) => step * 20 + at)
      here.forward(vectors, batch, task.dropout, stream(step))
      await there.forward(batch, step)
      assert.deepEqual(there.sums, here.sums)
      const draw = stream(9, step)
      for (let at = 0; at < here.sums.length; at += 1) here.sums[at] = draw() - 0.5
      there.sums.set(here.sums)
      here.backward(strideOf(step, 0.01))
      await there.backward(strideOf(step, 0.01))
    }
  } finally {
    await there.close()
  }
  assert.deepEqual(there.arrays, here.arrays)
  assert.ok(there.table.cells.some((cell) => cell !== 0))
})

test('what ends the thread fails the question that waits for it, and every later one', async () => {
  const there = tableThread(task)
  const reason = /offset is out of bounds/
  await assert.rejects(there.forward(Int32Array.from({ length: task.mostTexts + 1 }), 1), reason)
  await assert.rejects(there.backward(strideOf(1, 0.01)), reason)
  await there.close()
})
