import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Bench, isOneSentence, outOfScope, type Row, smallBot, split, unusualTexts } from '../trainer/harness.ts'
import { pythonBench } from './program.ts'

const isProgress = (line: string) => line.startsWith('{')

/** Long enough to be stopped in either of its two fits, and narrow, so that it takes little all the same. */
const longAndNarrow = { epochs: 200, embeddingSize: 16, hiddenSize: 32 }

async function accuracy(place: Bench, exam: readonly Row[]): Promise<number> {
  const answers = await place.answer(
    'keras',
    exam.map(({ text }) => text),
  )
  return answers.filter(({ intent }, at) => intent === exam[at]?.intent).length / exam.length
}

describe('the Python program', { concurrency: 2 }, () => {
  test('learns a small bot and what is out of its scope, says on what device, and its progress only rises to 1', async (t) => {
    const place = await pythonBench(t)
    const inScope = split(smallBot())
    const outside = split(outOfScope())
    const log = (await place.train('keras', [...inScope.train, ...outside.train])).split('\n')
    assert.match(log[0] ?? '', /^device: \S.* \((CPU, no GPU found|GPU)\), (float32|mixed_bfloat16), Keras 3\./)
    const done = log.filter(isProgress).map((line): number => JSON.parse(line).progress)
    assert.ok(done.length > 3)
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    )
    assert.equal(done.at(-1), 1)

    assert.ok((await accuracy(place, inScope.exam)) > 0.9)
    assert.ok((await accuracy(place, outside.exam)) > 0.5)
    const answers = await place.answer(
      'keras',
      [...inScope.exam, ...outside.exam].map(({ text }) => text),
    )
    for (const { intent, confidence, top } of answers) {
      assert.deepEqual(top[0], [intent, confidence])
      const shares = top.map(([, share]) => share)
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => b - a),
      )
      assert.ok(shares.reduce((sum, share) => sum + share, 0) < 1 + 1e-6)
    }
  })

  test('gives the same bytes for the same seed and data, stopped by SIGTERM in either fit or not at all, and others for another seed', async (t) => {
    const rows = [...smallBot(), ...outOfScope()]
    const spec = { seed: 7, hyperparameters: longAndNarrow }
    const undisturbed = await pythonBench(t)
    await undisturbed.train('keras', rows, spec)

    const place = await pythonBench(t)
    for (const [attempt, fit] of ['rehearsal', 'final fit'].entries()) {
      // Neither attempt nor generation may show in the model.
      place.give(rows, { ...spec, attempt: attempt + 1, generation: 3 })
      const started = place.start('keras', 'train')
      started.stopAt((line) => isProgress(line) && JSON.parse(line).fit === fit)
      const stopped = await started.ended
      assert.equal(stopped.exitCode, 75, stopped.stderr)
      assert.ok(isOneSentence(stopped.stderr), stopped.stderr)
      assert.match(stopped.stderr, new RegExp(`in the ${fit}; saved in the checkpoint folder`))
      assert.throws(() => place.model(), /ENOENT/)
    }
    const log = await place.train('keras', rows, spec)
    assert.match(log, /going on from the checkpoint: final fit/)
    assert.deepEqual(place.model(), undisturbed.model())

    // The checkpoint is still there, and of another seed: it is not gone on from.
    const other = await place.train('keras', rows, { ...spec, seed: 2 ** 40 + 7 })
    assert.doesNotMatch(other, /going on from/)
    assert.notDeepEqual(place.model().get('weights.npz'), undisturbed.model().get('weights.npz'))
  })

  test('takes texts in scripts without spaces, of emoji alone, empty and enormous ones, in the precision of a GPU and in no time', async (t) => {
    const place = await pythonBench(t)
    const log = await place.train('keras', unusualTexts, {
      timeBudgetSeconds: 0.01,
      hyperparameters: { epochs: 1000, precision: 'mixed_bfloat16', rejectShare: 0.1 },
    })
    assert.match(log, /1 texts are longer than 5000 characters/)
    assert.match(log, /The time budget of 0\.01 s is too short for 1000 steps of the final fit: going on with \d+\./)
    const texts = ['天気', '残高', '☀️🌧️', '💰🏦', '', '\u3000 \t', 'complaint '.repeat(100_000)]
    assert.equal((await place.answer('keras', texts)).length, texts.length)

    place.write('model/weights.npz', 'cut short')
    const damaged = await place.run('keras', 'predict')
    assert.deepEqual(
      [damaged.exitCode, damaged.stderr],
      [10, 'The folder model is damaged: give all of it as train wrote it.\n'],
    )
  })
})
