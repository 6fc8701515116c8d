import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTurns } from '../../services/kit/turns.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Works that end when the test says so, and what of them has begun. */
function heldWorks() {
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      begun.push(name)
      ends.set(name, (error) => (error ? reject(error) : resolve(`${name}!`)))
    })
  return { begun, work, end: (name: string, error?: Error) => ends.get(name)?.(error) }
}

test('one at once: works go in the order in which they came, each with its own outcome, whatever became of the others', async () => {
  const { begun, work, end } = heldWorks()
  const inTurn = makeTurns(1, Number.POSITIVE_INFINITY)
  const outcomes = Promise.allSettled(['a', 'b', 'c'].map((name) => inTurn(work(name))))
  await turn()
  assert.deepEqual(begun, ['a'])
  end('a')
  await turn()
  assert.deepEqual(begun, ['a', 'b'])
  const error = new Error('b fails')
  end('b', error)
  await turn()
  assert.deepEqual(begun, ['a', 'b', 'c'])
  end('c')
  assert.deepEqual(await outcomes, [
    { status: 'fulfilled', value: 'a!' },
    { status: 'rejected', reason: error },
    { status: 'fulfilled', value: 'c!' },
  ])
})

test('a turn is handed on: whoever comes in that moment does not slip in between', async () => {
  const { begun, work, end } = heldWorks()
  const inTurn = makeTurns(1, 1)
  const first = inTurn(work('first'))
  const waiting = inTurn(work('waiting'))
  const late = first.then(() => inTurn(work('late')))
  end('first')
  await turn()
  assert.deepEqual(begun, ['first', 'waiting'])
  end('waiting')
  await waiting
  await turn()
  end('late')
  assert.equal(await late, 'late!')
})

test('beyond those that go and those that wait, one is told to come again', async () => {
  const { begun, work, end } = heldWorks()
  const inTurn = makeTurns(2, 1)
  const accepted = ['a', 'b', 'c'].map((name) => inTurn(work(name)))
  await assert.rejects(inTurn(work('d')), { code: 'unavailable' })
  assert.deepEqual(begun, ['a', 'b'])
  end('b')
  await turn()
  assert.deepEqual(begun, ['a', 'b', 'c'])
  for (const name of ['a', 'c']) end(name)
  assert.deepEqual(await Promise.all(accepted), ['a!', 'b!', 'c!'])
})
