import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunId } from '../../schemas/words.ts'
import { admit, type Line, type Request, type Rule } from '../../services/launcher/admit.ts'

const run = (letter: string) => RunId.parse(`run-${letter.repeat(10)}`)
const wait: Rule = { whenNewer: 'wait', supersede: { finishIfProgressAbove: 0.8, atMostInARow: 3 } }
const supersede: Rule = { ...wait, whenNewer: 'supersede' }
const empty: Line = { newestGeneration: 0, stoppedInARow: 0, queued: null, running: null }
const request = (changes: Partial<Request> = {}): Request => ({
  run: run('b'),
  generation: 5,
  priority: 0,
  insisted: false,
  namesDataset: false,
  waitingSinceMs: 100,
  ...changes,
})
const older = request({ run: run('a'), generation: 4, waitingSinceMs: 50 })
const running = { run: run('r'), progress: 0.2, stoppable: true }

test('a request enters an empty line', () => {
  const { admission, after } = admit(empty, request(), wait)
  assert.deepEqual(admission, { kind: 'queued', replaces: null, stops: null })
  assert.deepEqual(after, { ...empty, newestGeneration: 5, queued: request() })
})

for (const generation of [4, 5]) {
  test(`generation ${generation} after 5 changes nothing`, () => {
    const line = { ...empty, newestGeneration: 5 }
    assert.deepEqual(admit(line, request({ generation }), wait), { admission: { kind: 'ignored' }, after: line })
  })
}

for (const line of [
  { ...empty, newestGeneration: 4, queued: request({ generation: 4 }) },
  { ...empty, newestGeneration: 4, running: { ...running, run: request().run } },
])
  test(`a run that is ${line.queued ? 'queued' : 'running'} is not replaced by itself, whatever generation it is asked for with`, () => {
    assert.deepEqual(admit(line, request(), supersede), { admission: { kind: 'ignored' }, after: line })
  })

test('a newer request takes the place of the queued one, and its priority and insistence where they are higher', () => {
  const line = { ...empty, newestGeneration: 4, queued: { ...older, priority: 9, insisted: true } }
  const { admission, after } = admit(line, request({ priority: 3 }), wait)
  assert.deepEqual(admission, { kind: 'queued', replaces: older.run, stops: null })
  assert.deepEqual(after.queued, request({ priority: 9, insisted: true, waitingSinceMs: 50 }))
})

test('a queued request that names its dataset is not replaced by one that names none, and becomes as urgent', () => {
  const line = { ...empty, newestGeneration: 4, queued: { ...older, namesDataset: true } }
  const { admission, after } = admit(line, request({ priority: 3, insisted: true }), wait)
  assert.deepEqual(admission, { kind: 'overruled', by: older.run })
  assert.deepEqual(after.queued, { ...older, namesDataset: true, priority: 3, insisted: true })
  assert.equal(after.newestGeneration, 5)
})

test('a request that names its dataset replaces one that does so too', () => {
  const line = { ...empty, newestGeneration: 4, queued: { ...older, namesDataset: true } }
  assert.equal(admit(line, request({ namesDataset: true }), wait).admission.kind, 'queued')
})

const stops: readonly [string, Partial<Line>, Rule, boolean][] = [
  ['whenNewer supersede stops the running one', { running }, supersede, true],
  ['whenNewer wait lets the running one finish', { running }, wait, false],
  ['a run that is nearly done is let through', { running: { ...running, progress: 0.8 } }, supersede, false],
  [
    'a run that has stored its result or stops already is left alone',
    { running: { ...running, stoppable: false } },
    supersede,
    false,
  ],
  ['after three stopped in a row one is let through', { running, stoppedInARow: 3 }, supersede, false],
  ['two stopped in a row do not protect', { running, stoppedInARow: 2 }, supersede, true],
]
for (const [title, line, rule, stopped] of stops) {
  test(title, () => {
    const { admission, after } = admit({ ...empty, ...line }, request(), rule)
    assert.equal(admission.kind === 'queued' && admission.stops, stopped ? running.run : null)
    assert.equal(after.stoppedInARow, (line.stoppedInARow ?? 0) + (stopped ? 1 : 0))
    if (stopped) assert.equal(after.running?.stoppable, false)
  })
}

test('I2: whatever comes in whatever order, the line ends with the newest of the requests that were not overruled', () => {
  const arbitrary = fc.record({
    generation: fc.integer({ min: 1, max: 8 }),
    priority: fc.integer({ min: -3, max: 3 }),
    insisted: fc.boolean(),
    namesDataset: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 20 }), (requests) => {
      let line = empty
      const taken: Request[] = []
      const replaced = new Set<RunId>()
      for (const [index, facts] of requests.entries()) {
        const one = request({ ...facts, run: run('abcdefghijklmnopqrst'.charAt(index)), waitingSinceMs: index })
        const { admission, after } = admit(line, one, supersede)
        if (admission.kind === 'queued') taken.push(one)
        if (admission.kind === 'queued' && admission.replaces) replaced.add(admission.replaces)
        assert.ok(after.newestGeneration >= line.newestGeneration)
        assert.ok((after.queued?.priority ?? -9) >= (line.queued?.priority ?? -9))
        line = after
      }
      assert.equal(line.queued?.run, taken.at(-1)?.run)
      assert.equal(replaced.size, taken.length - 1)
      assert.equal(line.queued?.waitingSinceMs, taken[0]?.waitingSinceMs)
    }),
  )
})
