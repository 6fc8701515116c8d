import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unavailable } from '../../services/kit/errors.ts'
import { groupCommit } from '../../services/kit/group-commit.ts'

const limits = { atOnce: 1, perCommit: 10, waiting: 100 }

/** Commits that end when the test says so, in order. */
function heldCommits() {
  const commits: { items: readonly string[]; end: (error?: Error) => void }[] = []
  const commit = (items: readonly string[]) =>
    new Promise<string[]>((resolve, reject) => {
      commits.push({ items, end: (error) => (error ? reject(error) : resolve(items.map((item) => `${item}!`))) })
    })
  return { commits, commit }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('group commit', () => {
  test('alone, an item goes at once; what comes meanwhile goes together, in order, each with its own outcome', async () => {
    const { commits, commit } = heldCommits()
    const add = groupCommit(commit, limits)
    const answers = ['a', 'b', 'c'].map((item) => add(item, 1))
    assert.deepEqual(commits[0]?.items, ['a'])
    commits[0]?.end()
    await turn()
    assert.deepEqual(commits[1]?.items, ['b', 'c'])
    commits[1]?.end()
    assert.deepEqual(await Promise.all(answers), ['a!', 'b!', 'c!'])
  })

  test('as many commits as may be are on their way at once, and what comes meanwhile goes with the first that is free', async () => {
    const { commits, commit } = heldCommits()
    const add = groupCommit(commit, { ...limits, atOnce: 2 })
    const answers = ['a', 'b', 'c', 'd'].map((item) => add(item, 1))
    assert.deepEqual(
      commits.map(({ items }) => items),
      [['a'], ['b']],
    )
    commits[1]?.end()
    await turn()
    assert.deepEqual(commits[2]?.items, ['c', 'd'])
    commits[0]?.end()
    commits[2]?.end()
    assert.deepEqual(await Promise.all(answers), ['a!', 'b!', 'c!', 'd!'])
  })

  test('a commit holds no more than its limit, but always one item', async () => {
    const { commits, commit } = heldCommits()
    const add = groupCommit(commit, limits)
    const answers = [
      ['a', 1],
      ['b', 6],
      ['c', 6],
      ['huge', 30],
    ].map(([item, weight]) => add(String(item), Number(weight)))
    for (let index = 0; index < 4; index += 1) {
      commits[index]?.end()
      await turn()
    }
    await Promise.all(answers)
    assert.deepEqual(
      commits.map(({ items }) => items),
      [['a'], ['b'], ['c'], ['huge']],
    )
  })

  test('an item that makes its commit fail fails alone', async () => {
    const commits: string[][] = []
    const add = groupCommit(async (items: readonly string[]) => {
      commits.push([...items])
      await turn()
      if (items.includes('bad')) throw new Error('bad one')
      return items
    }, limits)
    const answers = await Promise.allSettled(['a', 'b', 'bad', 'c'].map((item) => add(item, 1)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(commits, [['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']])
  })

  test('a failure that may pass is told to all of the group at once', async () => {
    let commits = 0
    const add = groupCommit(async (_items: readonly string[]): Promise<string[]> => {
      commits += 1
      await turn()
      throw unavailable('the database is away')
    }, limits)
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((item) => add(item, 1)))
    assert.ok(answers.every(({ status }) => status === 'rejected'))
    assert.equal(commits, 2)
  })

  test('beyond what may wait, callers are told to come again', async () => {
    const { commits, commit } = heldCommits()
    const add = groupCommit(commit, limits)
    const first = add('a', 1)
    const waiting = add('b', 100)
    await assert.rejects(add('c', 1), { code: 'unavailable' })
    commits[0]?.end()
    await turn()
    commits[1]?.end()
    assert.deepEqual(await Promise.all([first, waiting]), ['a!', 'b!'])
  })
})
