import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellStory } from '../../services/console/story.ts'
import { at, given, promotedLife, run } from './given.ts'

test('a story goes from the signal to the model in force in time order, with every attempt', () => {
  const story = tellStory(run('a'), promotedLife({ letter: 'a' }).toReversed())
  assert.deepEqual(
    story.map(({ type }) => type),
    [
      'signal.ended',
      'training.requested',
      'run.queued',
      'run.started',
      'run.succeeded',
      'run.succeeded',
      'run.succeeded',
      'model.evaluated',
      'model.promoted',
      'model.ready',
    ],
  )
  assert.deepEqual(
    story.map(({ time }) => time).toSorted(),
    story.map(({ time }) => time),
  )
  assert.equal(story[4]?.what, 'Attempt 1 crashed after 2.0 s: exit code 3')
  assert.equal(story[5]?.what, 'Attempt 2 was done after 12.0 s: exit code 0')
})

test('what happened to another run because of this one is part of the story', () => {
  const successor = given({ letter: 'b', generation: 4, sequence: 5 })
  const replaced = { run: run('a'), sequence: 4, model: successor('model.ready').data.model }
  const story = tellStory(run('a'), [
    given({ letter: 'a' })('model.ready'),
    successor('model.ready', { replaces: replaced, decidedAt: at(99) }),
  ])
  assert.equal(story.at(-1)?.what, `No longer in force: ${run('b')} is champion number 5: not worse`)
})

test('things of the same millisecond are told in the order of cause and effect', () => {
  const told = given({ letter: 'a' })
  const story = tellStory(run('a'), [
    told('model.ready', { decidedAt: at(5) }),
    told('model.promoted', { decidedAt: at(5) }),
    told('model.evaluated', { evaluatedAt: at(5) }),
    told('run.started', { startedAt: at(5) }),
    told('run.queued', { queuedAt: at(5) }),
    told('training.requested', { requestedAt: at(5) }),
  ])
  assert.deepEqual(
    story.map(({ type }) => type),
    ['training.requested', 'run.queued', 'run.started', 'model.evaluated', 'model.promoted', 'model.ready'],
  )
})
