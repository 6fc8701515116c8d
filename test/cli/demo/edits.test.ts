import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { growth, mixUp, parseRows, type Row } from '../../../services/cli/demo/edits.ts'
import { loadStory, mixedUp } from '../../../services/cli/demo/story.ts'

const read = async (name: string) =>
  parseRows(await readFile(new URL(`../../../services/cli/demo/${name}`, import.meta.url), 'utf8'))

const rows: Row[] = ['a', 'b'].flatMap((intent) => [
  ...Array.from({ length: 10 }, (_, n): Row => ({ text: `${intent}${n}`, intent, split: 'train' })),
  { text: `${intent} exam`, intent, split: 'held-out' },
])

test('a growing bot ends as the whole one, never loses an example, and keeps its exam', () => {
  const versions = growth(rows, 4, 6)
  assert.equal(versions.length, 7)
  assert.deepEqual(new Set(versions.at(-1)), new Set(rows))
  for (const [index, version] of versions.entries()) {
    const before = versions[index - 1] ?? []
    assert.ok(before.every((row) => version.includes(row)) && version.length >= before.length)
    assert.equal(version.filter(({ split }) => split === 'held-out').length, 2)
  }
  assert.equal(versions[0]?.filter(({ split, intent }) => split === 'train' && intent === 'a').length, 4)
})

test('a mix-up moves its share of the training examples of both intents, and nothing of the exam', () => {
  const mixed = mixUp(rows, ['a', 'b'], 0.6)
  const moved = mixed.filter((row, index) => row.intent !== rows[index]?.intent)
  assert.equal(moved.length, 12)
  assert.ok(moved.every(({ split }) => split === 'train'))
  assert.deepEqual(
    mixed.map(({ text }) => text),
    rows.map(({ text }) => text),
  )
})

test("the demo's bot has 22 intents or more, each with 40 distinct examples or more, and out-of-scope ones", async () => {
  const [bot, added] = [await read('bot.jsonl'), await read('new-intent.jsonl')]
  const all = [...bot, ...added]
  const normalised = all.map(({ text }) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  )
  assert.equal(new Set(normalised).size, all.length, 'no example twice')
  const byIntent = Map.groupBy(bot, ({ intent }) => intent)
  const outOfScope = byIntent.get(null) ?? []
  byIntent.delete(null)
  assert.ok(byIntent.size >= 22)
  assert.ok(outOfScope.length >= 60)
  for (const [intent, examples] of [...byIntent, ['new', added] as const]) {
    assert.ok(examples.length >= 40, `${intent}: ${examples.length}`)
    assert.ok(examples.filter(({ split }) => split === 'held-out').length >= 10, `${intent}: exam`)
  }
})

test('the story mixes up two intents that the bot has, and adds one that it has not', async () => {
  const { burst, mislabelled, extended, newIntent } = await loadStory()
  const whole = burst.at(-1) ?? []
  const intents = new Set(whole.map(({ intent }) => intent))
  assert.ok(mixedUp.every((intent) => intents.has(intent)))
  assert.ok(!intents.has(newIntent) && newIntent !== '')
  assert.equal(mislabelled.length, whole.length)
  assert.ok(extended.length > whole.length)
})
