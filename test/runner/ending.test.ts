import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodes as contractExitCodes } from '../../schemas/program.ts'
import { runnerExitCodes as contractRunnerExitCodes } from '../../schemas/run-api.ts'
import { endingOfError, endingOfProgram, exitCodes, runnerExitCodes } from '../../services/runner/ending.ts'
import { BadOutput, Interrupted, NotOurs } from '../../services/runner/errors.ts'
import type { Stop } from '../../services/runner/stopping.ts'

const stops: Record<Stop['kind'], Stop> = {
  asked: { kind: 'asked', reason: 'asked' },
  deadline: { kind: 'deadline', reason: 'too late' },
  lost: { kind: 'lost', reason: 'another has it' },
}

function outcomeOf(exitCode: number, stop?: Stop['kind']): string {
  const end = { kind: 'exited', exitCode, signal: null } as const
  return endingOfProgram('train', end, stop && stops[stop], '')?.outcome ?? 'goes on'
}

test('a runner ends with what the run API says', () => {
  assert.deepEqual(runnerExitCodes, contractRunnerExitCodes)
})

test('an exit code means what the training-program contract says', () => {
  assert.deepEqual(exitCodes, contractExitCodes)
  assert.deepEqual(
    [0, 10, 75, 1, 139].map((code) => outcomeOf(code)),
    ['goes on', 'badInput', 'resumable', 'crashed', 'crashed'],
  )
})

test('a stop counts for more than an exit code, but for saved work when somebody asked', () => {
  assert.deepEqual(
    [0, 10, 75, 1].map((code) => outcomeOf(code, 'asked')),
    ['stopped', 'stopped', 'resumable', 'stopped'],
  )
  assert.deepEqual(
    [0, 75, 1].map((code) => outcomeOf(code, 'deadline')),
    ['deadline', 'deadline', 'deadline'],
  )
  assert.deepEqual(
    [0, 75, 1].map((code) => outcomeOf(code, 'lost')),
    ['lost', 'lost', 'lost'],
  )
})

test('an error ends an attempt by what it says about the attempt', () => {
  assert.equal(endingOfError(new NotOurs('gone'), stops.deadline).outcome, 'lost')
  assert.equal(endingOfError(new Interrupted('cut'), stops.deadline).outcome, 'deadline')
  assert.equal(endingOfError(new BadOutput('a link'), undefined).outcome, 'badOutput')
  assert.equal(endingOfError(new Error('what?'), undefined).outcome, 'crashed')
})

test('a full disk is said as such', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const ending = endingOfError(error, undefined)
  assert.ok(ending.outcome === 'crashed')
  assert.equal(ending.reason, 'the disk is full (ENOSPC: no space left on device, write)')
})
