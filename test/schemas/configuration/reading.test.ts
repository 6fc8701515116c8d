import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultConfiguration, jobTypeOf, parseConfiguration } from '../../../schemas/configuration.ts'
import { JobTypeName } from '../../../schemas/words.ts'
import { afterJobType, intentsOf, trigger } from './texts.ts'

describe('configuration', () => {
  test('every field that is not said has its default', () => {
    const { program: _program, ...jobType } = intentsOf(parseConfiguration(afterJobType(), 'trainyard.yaml'))
    assert.deepEqual(jobType, {
      hyperparameters: {},
      attemptDeadlineSeconds: 3600,
      graceSeconds: 30,
      retries: { limit: 2, backoffSeconds: 30, resumeLimit: 20 },
      whenNewer: 'wait',
      supersede: { finishIfProgressAbove: 0.8, atMostInARow: 3 },
      failuresPerWork: 3,
      heldOutShare: 0.2,
      logLimitMiB: 8,
      verdictWaitSeconds: 3600,
      promotion: {
        minimumAccuracy: 0.5,
        minimumExamRows: 20,
        margin: 0.02,
        confidence: 0.95,
        whenUndecided: 'promoteIfNotWorse',
        guard: { minimumSupport: 8, maximumRecallDrop: 0.25 },
        heldExpiresAfterSeconds: 604_800,
      },
      placement: 'local',
      slots: 1,
      priority: 0,
      debounce: { quietSeconds: 0, maxWaitSeconds: 300 },
    })
  })

  test('pointers are taken apart, and conditions beside the type are kept', () => {
    const text = afterJobType('triggers:', `  - ${trigger.replace('bot.updated', 'bot.updated, /data/a~1b: 3')}`)
    const [parsed] = parseConfiguration(text, 'trainyard.yaml').triggers
    assert.deepEqual(parsed?.bot, { text: '/data/botId', parts: ['data', 'botId'] })
    assert.deepEqual(parsed?.when, {
      type: 'bot.updated',
      conditions: [{ pointer: { text: '/data/a~1b', parts: ['data', 'a/b'] }, equals: 3 }],
    })
  })

  test('folders are relative to the file, and a prefix ends its host', () => {
    const text = afterJobType(
      'datasetSources:',
      '  - folder: ./datasets',
      '  - folder: /data',
      '  - prefix: https://example.com',
    )
    assert.deepEqual(parseConfiguration(text, '/srv/bots/trainyard.yaml').datasetSources, [
      { folder: '/srv/bots/datasets' },
      { folder: '/data' },
      { prefix: 'https://example.com/', allowPrivateAddresses: false },
    ])
  })

  test('without a file there is one job type, and the trigger that an edit pulls', () => {
    const configuration = defaultConfiguration()
    assert.deepEqual(Object.keys(configuration.jobTypes), ['intents'])
    assert.deepEqual(intentsOf(configuration).debounce, { quietSeconds: 2, maxWaitSeconds: 30 })
    assert.deepEqual(
      configuration.triggers.map(({ name, topic, when }) => [name, topic, when.type]),
      [['bot-edited', 'bot.events', 'bot.updated']],
    )
  })

  test('a name that every object has is no job type', () => {
    assert.equal(jobTypeOf(defaultConfiguration(), JobTypeName.parse('constructor')), undefined)
  })
})
