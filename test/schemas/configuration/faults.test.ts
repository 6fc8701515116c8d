import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigurationError, parseConfiguration } from '../../../schemas/configuration.ts'
import { afterJobType, trigger } from './texts.ts'

function problemsOf(text: string): string[] {
  try {
    parseConfiguration(text, 'trainyard.yaml')
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n')
    throw error
  }
  return []
}

/** Each line is nine times the one before. */
const bomb = [...'abcdefg'].map((name, index) => {
  const inner = `*${index === 0 ? 'x' : 'abcdefg'[index - 1]}`
  return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]`
})

const wrong: [string, string, string[]][] = [
  ['an empty file', '', ['trainyard.yaml:1: jobTypes: expected a mapping of names, but it is missing']],
  [
    'a list instead of sections',
    '- jobTypes',
    ['trainyard.yaml:1: expected a mapping with jobTypes, placements, triggers, datasetSources, limits, got a list'],
  ],
  [
    'YAML that is cut off',
    'jobTypes: {',
    ['trainyard.yaml:1: Flow map in block collection must be sufficiently indented and end with a }'],
  ],
  ['a key said twice', afterJobType('jobTypes: {}'), ['trainyard.yaml:4: Map keys must be unique']],
  ['an alias to nothing', afterJobType('limits: *none'), ['trainyard.yaml:4: *none: nothing before it is named so']],
  [
    'NUL in a text',
    afterJobType('    hyperparameters: { a: "\\0" }'),
    ['trainyard.yaml:4: a text holds NUL or half of a surrogate pair'],
  ],
  [
    'a number that is not finite',
    afterJobType('    hyperparameters: { rate: .inf }'),
    [
      'trainyard.yaml:4: jobTypes.intents.hyperparameters.rate: expected a text, a finite number, true, false, null, a list or a mapping, got Infinity',
    ],
  ],
  [
    'one that is deep within others',
    afterJobType('    hyperparameters: { layers: [1, { rate: .inf }] }'),
    [
      'trainyard.yaml:4: jobTypes.intents.hyperparameters.layers[1].rate: expected a text, a finite number, true, false, null, a list or a mapping, got Infinity',
    ],
  ],
  [
    'a word as a number',
    afterJobType('    slots: four'),
    ['trainyard.yaml:4: jobTypes.intents.slots: expected a whole number from 0 to 100000, got "four"'],
  ],
  [
    'a number out of its range',
    afterJobType('    retries:', '      limit: 2', '      backoffSeconds: -1'),
    [
      'trainyard.yaml:6: jobTypes.intents.retries.backoffSeconds: expected a number of seconds from 0 to 31536000, got -1',
    ],
  ],
  [
    'a share above 1',
    afterJobType('    promotion: { margin: 2 }'),
    ['trainyard.yaml:4: jobTypes.intents.promotion.margin: expected a number from 0 to 1, got 2'],
  ],
  [
    'a word that is not among the choices',
    afterJobType('    whenNewer: kill'),
    ['trainyard.yaml:4: jobTypes.intents.whenNewer: expected one of wait, supersede, got "kill"'],
  ],
  [
    'an unknown key',
    afterJobType('    retries: { limits: 3 }'),
    [
      'trainyard.yaml:4: jobTypes.intents.retries.limits: unknown key; expected one of limit, backoffSeconds, resumeLimit',
    ],
  ],
  [
    'a section that does not exist',
    afterJobType('trigger: []'),
    ['trainyard.yaml:4: trigger: unknown key; expected one of jobTypes, placements, triggers, datasetSources, limits'],
  ],
  [
    'a job type without a program',
    'jobTypes:\n  intents:\n    slots: 2',
    ['trainyard.yaml:2: jobTypes.intents.program: expected a mapping with command, image, but it is missing'],
  ],
  [
    'a program without a command',
    'jobTypes:\n  intents:\n    program: { command: [] }',
    [
      'trainyard.yaml:3: jobTypes.intents.program.command: expected a list of texts, the program first, got an empty list',
    ],
  ],
  [
    'a name that is none',
    'jobTypes:\n  Bad/Name:\n    program: { command: [a] }',
    [
      'trainyard.yaml:2: jobTypes.Bad/Name: expected a name of lower-case letters, digits and inner hyphens, at most 40 characters',
    ],
  ],
  [
    'what is wrong behind a name that is none, too',
    'jobTypes:\n  my_bots:\n    program: { command: [a] }\n    slots: four\nplacements:\n  Big: { gpus: -1 }',
    [
      'trainyard.yaml:2: jobTypes.my_bots: expected a name of lower-case letters, digits and inner hyphens, at most 40 characters',
      'trainyard.yaml:4: jobTypes.my_bots.slots: expected a whole number from 0 to 100000, got "four"',
      'trainyard.yaml:6: placements.Big: expected a name of lower-case letters, digits and inner hyphens, at most 63 characters',
      'trainyard.yaml:6: placements.Big.gpus: expected a whole number ≥ 0, got -1',
    ],
  ],
  [
    'a quiet time above the longest wait',
    afterJobType('    debounce:', '      quietSeconds: 20', '      maxWaitSeconds: 10'),
    ['trainyard.yaml:6: jobTypes.intents.debounce.maxWaitSeconds: expected at least quietSeconds, got 10'],
  ],
  [
    'a placement that does not exist',
    afterJobType('    placement: gpu', 'placements:', '  big: { gpus: 1 }'),
    ['trainyard.yaml:4: jobTypes.intents.placement: expected a name under placements (local, big)'],
  ],
  [
    'a place for exams that does not exist',
    afterJobType('    examPlacement: cpu', 'placements:', '  big: { gpus: 1 }'),
    ['trainyard.yaml:4: jobTypes.intents.examPlacement: expected a name under placements (local, big)'],
  ],
  [
    'names that Kubernetes would not take',
    afterJobType(
      'placements:',
      '  big:',
      '    gpuResource: gpu',
      '    imagePullSecrets: [Registry]',
      '    serviceAccountName: a_b',
      '    runtimeClassName: a..b',
      '    queueName: team.gpu',
      '    affinity: { nodeAffinty: {} }',
    ),
    [
      'trainyard.yaml:6: placements.big.gpuResource: expected the name of a Kubernetes resource such as nvidia.com/gpu, got "gpu"',
      'trainyard.yaml:7: placements.big.imagePullSecrets[0]: expected the name of a Kubernetes object: lower-case letters, digits, inner hyphens and dots, got "Registry"',
      'trainyard.yaml:8: placements.big.serviceAccountName: expected the name of a Kubernetes object: lower-case letters, digits, inner hyphens and dots, got "a_b"',
      'trainyard.yaml:9: placements.big.runtimeClassName: expected the name of a Kubernetes object: lower-case letters, digits, inner hyphens and dots, got "a..b"',
      'trainyard.yaml:10: placements.big.queueName: expected a name of lower-case letters, digits and inner hyphens, at most 63 characters, got "team.gpu"',
      'trainyard.yaml:11: placements.big.affinity.nodeAffinty: unknown key; expected one of nodeAffinity, podAffinity, podAntiAffinity',
    ],
  ],
  [
    'a number as the value of a node label',
    afterJobType('placements:', '  big:', '    nodeSelector: { size: 1 }'),
    [
      'trainyard.yaml:6: placements.big.nodeSelector.size: expected a text (in quotes, if it looks like a number), got 1',
    ],
  ],
  [
    'a trigger for a job type that does not exist',
    afterJobType('triggers:', `  - ${trigger.replace('jobType: intents', 'jobType: intent')}`),
    ['trainyard.yaml:5: triggers[0].jobType: expected a name under jobTypes (intents)'],
  ],
  [
    'two triggers of one name',
    afterJobType('triggers:', `  - ${trigger}`, `  - ${trigger}`),
    ['trainyard.yaml:6: triggers[1].name: expected a name that no other trigger has'],
  ],
  [
    'pointers that are none',
    afterJobType(
      'triggers:',
      `  - ${trigger.replace('/data/botId', 'data.botId')}`,
      `  - ${trigger.replace('edited', 'b').replace('/data/botId', '/data/~2')}`,
    ),
    [
      'trainyard.yaml:5: triggers[0].bot: expected a JSON pointer such as /data/botId, got "data.botId"',
      'trainyard.yaml:6: triggers[1].bot: expected a JSON pointer such as /data/botId, got "/data/~2"',
    ],
  ],
  [
    'a condition that is no pointer',
    afterJobType('triggers:', `  - ${trigger.replace('type: bot.updated', 'type: bot.updated, kind: faq')}`),
    [
      'trainyard.yaml:5: triggers[0].when.kind: expected type, and further JSON pointers with the text, number or flag to be found there, got "faq"',
    ],
  ],
  [
    'a digest without a dataset',
    afterJobType('triggers:', `  - ${trigger.replace('/data/botId', '/data/botId, digest: /data/digest')}`),
    ['trainyard.yaml:5: triggers[0].digest: expected dataset beside digest'],
  ],
  [
    'a schedule, with one message and not one per field that it lacks',
    afterJobType(
      'triggers:',
      '  - name: nightly',
      '    schedule: "0 3 * * *"',
      '    jobType: intents',
      '    bots: all',
    ),
    ['trainyard.yaml:6: triggers[0].schedule: schedules are not supported yet; remove this trigger'],
  ],
  [
    'a source that is neither prefix nor folder, or both',
    afterJobType('datasetSources:', '  - { allowPrivateAddresses: true }', '  - { prefix: "https://a", folder: b }'),
    [
      'trainyard.yaml:5: datasetSources[0]: expected prefix (with allowPrivateAddresses if need be) or folder, got a mapping',
      'trainyard.yaml:6: datasetSources[1]: expected prefix (with allowPrivateAddresses if need be) or folder, got a mapping',
    ],
  ],
  [
    'prefixes that are no plain URL',
    afterJobType(
      'datasetSources:',
      '  - prefix: ftp://data',
      '  - prefix: https://user:word@data',
      '  - prefix: https://data?a=b',
    ),
    ['ftp://data', 'https://user:word@data', 'https://data?a=b'].map(
      (prefix, index) =>
        `trainyard.yaml:${index + 5}: datasetSources[${index}].prefix: expected a URL of http or https without user, query and fragment, got "${prefix}"`,
    ),
  ],
  [
    'aliases that multiply beyond all measure',
    afterJobType('x: &x [1, 1, 1, 1, 1, 1, 1, 1, 1]', ...bomb),
    ['trainyard.yaml:1: Excessive alias count indicates a resource exhaustion attack'],
  ],
  [
    'a problem behind an alias, at the line of what it stands for',
    ['jobTypes:', '  a: &a', '    program: { command: [a] }', '    slots: -1', '  b: *a'].join('\n'),
    [
      'trainyard.yaml:4: jobTypes.a.slots: expected a whole number from 0 to 100000, got -1',
      'trainyard.yaml:4: jobTypes.b.slots: expected a whole number from 0 to 100000, got -1',
    ],
  ],
]

describe('a wrong trainyard.yaml is refused, naming file, line, field and what was expected:', () => {
  for (const [what, text, expected] of wrong) {
    test(what, () => assert.deepEqual(problemsOf(text), expected))
  }

  test('all problems at once, of schema and of cross checks, in the order of lines', () => {
    const text = afterJobType(
      '    slots: x',
      '    placement: y',
      'limits: { intents: 1 }',
      'triggers:',
      `  - ${trigger}`,
      '  - {}',
    )
    const places = problemsOf(text).map((problem) => problem.split(': ').slice(0, 2).join(' '))
    assert.deepEqual(places, [
      'trainyard.yaml:4 jobTypes.intents.slots',
      'trainyard.yaml:5 jobTypes.intents.placement',
      'trainyard.yaml:6 limits.intents',
      'trainyard.yaml:9 triggers[1].name',
      'trainyard.yaml:9 triggers[1].topic',
      'trainyard.yaml:9 triggers[1].when',
      'trainyard.yaml:9 triggers[1].jobType',
      'trainyard.yaml:9 triggers[1].bot',
    ])
  })
})
