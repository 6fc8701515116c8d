/** Somebody deletes the Job of an attempt, in every state and in every way: what is left of it is ended, and then it has ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Executor, Observation } from '../../../../../services/launcher/executor/executor.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { attemptName } from '../../../../runner/run-api.ts'
import { isThere } from '../../attempts.ts'
import { type Hearts, listenForHearts } from '../../heart.ts'
import { jobsIn, type KubernetesSubject, kubernetesSubject } from '../subject.ts'

interface Scene extends KubernetesSubject {
  readonly executor: Executor
  readonly hearts: Hearts
}

const seen = (executor: Executor, holds: (seen: Observation) => unknown): Promise<Observation> => {
  let last: Observation | undefined
  return eventually(async () => {
    last = await executor.observe(attemptName)
    return (await holds(last)) ? last : false
  }).catch((error: unknown) => {
    throw new Error(`it was not seen as it should be: ${JSON.stringify(last)}`, { cause: error })
  })
}

/** How it comes to each state. */
const states: Readonly<Record<string, { readonly gpus: number; come(scene: Scene): Promise<unknown> }>> = {
  queued: {
    gpus: 0,
    come: ({ executor }) => seen(executor, ({ state }) => state === 'starting'),
  },
  starting: {
    gpus: 1,
    come: ({ executor }) => seen(executor, (now) => now.state === 'starting' && now.words?.includes("can't be pulled")),
  },
  running: {
    gpus: 1,
    async come({ executor, hearts }) {
      await hearts.begun()
      await seen(executor, ({ state }) => state === 'running')
    },
  },
  ended: {
    gpus: 1,
    async come({ executor, hearts }) {
      await hearts.begun()
      hearts.letGo()
      await seen(executor, ({ state }) => state === 'ended')
    },
  },
}

const patch = ({ cluster, namespace }: Scene, body: object) =>
  cluster.admin.patch(`${jobsIn(namespace)}/${attemptName}`, body)
const remove = ({ cluster, namespace }: Scene, propagationPolicy: string) =>
  cluster.admin.remove(`${jobsIn(namespace)}/${attemptName}`, { propagationPolicy })

const ways: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  deleted: (scene) => remove(scene, 'Background'),
  'deleted in the foreground': (scene) => remove(scene, 'Foreground'),
  'deleted with --cascade=orphan': (scene) => remove(scene, 'Orphan'),
  async 'deleted, its finalizer taken away before'(scene) {
    await patch(scene, { metadata: { finalizers: null } })
    await remove(scene, 'Background')
  },
  async 'deleted with --cascade=orphan, its finalizer taken away before'(scene) {
    await patch(scene, { metadata: { finalizers: null } })
    await remove(scene, 'Orphan')
  },
}

for (const [state, { gpus, come }] of Object.entries(states)) {
  for (const [way, take] of Object.entries(ways)) {
    test(`a Job that is ${way} while its attempt is ${state} leaves nothing that lives, nor any trace after the release`, async (t) => {
      const hearts = await listenForHearts(t)
      const subject = await kubernetesSubject(t, { gpus })
      const executor = subject.open()
      const scene = { ...subject, executor, hearts }
      if (state === 'starting') subject.kubelets[0]?.images.fail('registry.example.com/trainer:1')
      await executor.start(await subject.attempt(hearts.beatingUntilTold))
      await come(scene)
      await take(scene)
      const end = await seen(executor, async (now) => {
        // As the launcher does.
        if (isThere(now) && 'isForsaken' in now) await executor.stop(attemptName, 30_000)
        return !isThere(now)
      })
      const saidMs = Date.now()
      assert.ok((await hearts.stopped()) <= saidMs)
      const isDone = end.state === 'ended' && end.exitCode === 0
      if (state === 'ended') assert.ok(isDone || end.state === 'absent')
      // What somebody else has stopped costs no retry, unless its runner has told of its end anyway.
      else
        assert.ok(end.state === 'absent' || isDone || (end.state === 'ended' && end.isDisrupted), JSON.stringify(end))
      if (state === 'running') assert.equal(subject.api.ended?.outcome, 'stopped')
      await executor.release(attemptName)
      await seen(executor, (now) => now.state === 'absent')
      await subject.check?.()
    })
  }
}
