import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Avro, type AvroRecord, choice, long, nullable, record, text, whole } from '../../schemas/avro.ts'
import { brokenIds, problemsOf, revise } from '../../schemas/compatibility.ts'
import { publishedSchema, type RegisteredSchema, readRegistry } from '../../schemas/registry.ts'

const type = 'dev.trainyard.test.v1'
type Fields = Readonly<Record<string, Avro<unknown>>>

const base: Fields = { name: text('A name.'), size: whole('A size.'), colour: choice('Colour', ['red', 'green'], 'C.') }

function current(fields: Fields): { type: string; schema: ReturnType<typeof publishedSchema> } {
  return { type, schema: publishedSchema(record('Test', 'A test.', fields)) }
}

function historyOf(...versions: Fields[]): RegisteredSchema[] {
  const history: RegisteredSchema[] = []
  for (const fields of versions) history.push(...revise(history, [current(fields)]).added)
  return history
}

describe('compatibility', () => {
  test('a new schema gets the next id and version', () => {
    const history = historyOf(base, { ...base, note: nullable(text('A note.')) })
    assert.deepEqual(
      history.map(({ id, version }) => ({ id, version })),
      [
        { id: 1, version: 1 },
        { id: 2, version: 2 },
      ],
    )
    assert.deepEqual(problemsOf(history), [])
  })

  test('an unchanged schema adds nothing', () => {
    assert.deepEqual(revise(historyOf(base), [current(base)]), { added: [], problems: [] })
  })

  const { colour: _colour, ...withoutColour } = base
  const { name: _name, ...withoutName } = base
  const refused: [string, Fields][] = [
    ['a field without a default comes', { ...base, extra: text('New.') }],
    ['a field without a default goes', withoutName],
    ['a field is renamed', { ...withoutName, title: text('A name.') }],
    ['a number grows wider', { ...base, size: long('A size.') }],
    ['a number becomes a text', { ...base, size: text('A size.') }],
    ['a field becomes nullable', { ...base, name: nullable(text('A name.')) }],
    ['a choice gets a word', { ...withoutColour, colour: choice('Colour', ['red', 'green', 'blue'], 'C.') }],
    ['a choice loses a word', { ...withoutColour, colour: choice('Colour', ['red'], 'C.') }],
  ]
  for (const [what, fields] of refused) {
    test(`a change is refused when ${what}`, () => {
      const { added, problems } = revise(historyOf(base), [current(fields)])
      assert.deepEqual(added, [])
      assert.ok(problems.length > 0)
      assert.match(problems[0] ?? '', /dev\.trainyard\.test\.v1: version \d can't read version \d: .+new type beside/)
    })
  }

  test('a version must be readable with every earlier one, not only the last', () => {
    const history = historyOf(base, { ...base, note: nullable(text('A note.')) }, base)
    const { problems } = revise(history, [current({ ...base, note: nullable(whole('Another kind of note.')) })])
    assert.ok(problems.some((problem) => problem.includes('version 2')))
  })

  test('ids count up without gaps, versions within their type', () => {
    const history = historyOf(base, { ...base, note: nullable(text('A note.')) })
    assert.match(problemsOf(history.slice(1)).join(), /entry 1 has the id 2/)
    const twice: AvroRecord<unknown> = record('Test', 'A test.', base)
    const doubled = history.map((entry) => ({ ...entry, version: 1, schema: publishedSchema(twice) }))
    assert.match(problemsOf(doubled).join(), /id 2 is version 1 .+ expected 2/)
  })

  test('an id once given means the same schema for ever', () => {
    const history = historyOf(base, { ...base, note: nullable(text('A note.')) })
    assert.deepEqual(brokenIds(history.slice(0, 1), history), [])
    assert.match(brokenIds(history, history.slice(0, 1)).join(), /id 2 .+ is gone/)
    const [first, second] = history
    assert.ok(first !== undefined && second !== undefined)
    assert.match(brokenIds(history, [{ ...second, id: 1 }, second]).join(), /id 1 no longer means version 1/)
  })
})

describe('the committed contract', () => {
  test('every schema reads the bytes of every other version of its type', () => {
    assert.deepEqual(problemsOf(readRegistry()), [])
  })

  test('history, ids and reference pages are those of the catalogue', () => {
    const generate = fileURLToPath(new URL('../../schemas/generate.ts', import.meta.url))
    assert.doesNotThrow(() => execFileSync(process.execPath, [generate, '--check'], { encoding: 'utf8' }))
  })
})
