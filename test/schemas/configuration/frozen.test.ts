import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freeze, parseConfiguration } from '../../../schemas/configuration.ts'
import { parseSpec, placementOf, specText } from '../../../schemas/job-type.ts'
import { canonicalJson, digestOf } from '../../../schemas/words.ts'
import { afterJobType, intentsOf } from './texts.ts'

describe('a frozen job type', () => {
  const text = afterJobType('    placement: big', '    slots: 3', 'placements:', '  big: { gpus: 2, memoryGiB: 16 }')
  const configuration = parseConfiguration(text, 'trainyard.yaml')
  const spec = freeze(configuration, intentsOf(configuration))

  test('carries its placement resolved', () => {
    assert.deepEqual(spec.placement, { name: 'big', gpus: 2, memoryGiB: 16, nodeSelector: {}, tolerations: [] })
  })

  test('leaves out what only orders the work, so that another order is the same work', () => {
    const reordered = text.replace('slots: 3', 'slots: 9\n    priority: 5\n    debounce: { quietSeconds: 7 }')
    const other = parseConfiguration(reordered, 'trainyard.yaml')
    assert.equal(specText(freeze(other, intentsOf(other))), specText(spec))
  })

  test('is read back equal from its text', () => {
    assert.deepEqual(parseSpec(specText(spec)), spec)
  })

  test('of an earlier version is filled in with the defaults of fields that came since', () => {
    const { failuresPerWork: _came, ...earlier } = spec
    assert.equal(parseSpec(JSON.stringify(earlier)).failuresPerWork, 3)
  })

  test('whose further fields are not said has the text, and so the work identity, that it had before there were any', () => {
    const before =
      '{"attemptDeadlineSeconds":3600,"failuresPerWork":3,"graceSeconds":30,"heldOutShare":0.2,"hyperparameters":{},' +
      '"logLimitMiB":8,"placement":{"gpus":2,"memoryGiB":16,"name":"big","nodeSelector":{},"tolerations":[]},' +
      '"program":{"command":["node","train.ts"]},"promotion":{"confidence":0.95,"guard":{"maximumRecallDrop":0.25,' +
      '"minimumSupport":8},"heldExpiresAfterSeconds":604800,"margin":0.02,"minimumAccuracy":0.5,"minimumExamRows":20,' +
      '"whenUndecided":"promoteIfNotWorse"},"retries":{"backoffSeconds":30,"limit":2,"resumeLimit":20},' +
      '"supersede":{"atMostInARow":3,"finishIfProgressAbove":0.8},"verdictWaitSeconds":3600,"whenNewer":"wait"}'
    assert.equal(specText(spec), before)
    assert.equal(specText(parseSpec(before)), before)
    assert.equal(
      digestOf(canonicalJson({ dataset: 'sha256:0', spec })),
      'sha256:bf63e2aea279754ec54e1ad6d00b2046f1514ed0b79f9a14eeb7436673e3c52c',
    )
  })

  describe('with a place of its own for exams', () => {
    const both = parseConfiguration(
      `${text}\n  small: { cpus: 2 }`.replace('slots: 3', 'examPlacement: small'),
      'a.yaml',
    )
    const withExam = freeze(both, intentsOf(both))

    test('carries that resolved too, and is read back equal', () => {
      assert.deepEqual(withExam.examPlacement, { name: 'small', cpus: 2, nodeSelector: {}, tolerations: [], gpus: 0 })
      assert.deepEqual(parseSpec(specText(withExam)), withExam)
    })

    test('trains where it always did, and sits exams there; without one, both where it trains', () => {
      assert.equal(placementOf(withExam, 'train').name, 'big')
      assert.equal(placementOf(withExam, 'predict').name, 'small')
      assert.equal(placementOf(spec, 'predict').name, 'big')
    })
  })

  test('local is the empty placement unless it is configured', () => {
    assert.deepEqual(freeze(configuration, { ...intentsOf(configuration), placement: 'local' }).placement, {
      name: 'local',
      nodeSelector: {},
      tolerations: [],
      gpus: 0,
    })
  })
})
