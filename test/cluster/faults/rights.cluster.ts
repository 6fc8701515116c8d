/** What an installation lets the launcher do is what it needs: no right less, and none that is not missed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { podThat } from '../jobs.ts'
import { launcherRightsShipped, type Right } from '../launcher-account.ts'
import { watchAttempts } from '../witness.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'
import { edit, onGpu, runningRun, saidBy } from './given.ts'

type Story = (place: ClusterYard) => Promise<void>

/** A model comes to be, and what is left of its attempt is collected. */
const train: Story = async ({ yard }) => {
  await edit(yard, 'trained')
  await eventually(() => championOf(yard, 'trained'))
}

/** Somebody cancels what waits for a GPU: no program is there that could be told to stop. */
const cancel: Story = async ({ yard, cluster, namespace }) => {
  await edit(yard, 'waiting')
  const { run } = await runningRun(yard, 'waiting')
  await podThat(cluster, namespace, `${run}-1`, () => true)
  await yard.post(`/runs/${run}/cancel`, { actor: 'ann', reason: 'it is not needed' })
}

const nameOf = ({ verb, resource }: Right) => `${verb} ${resource}`
/** The smallest story that needs the right, where it is not the training of one model. */
const stories: Readonly<Record<string, Story>> = { 'delete pods': cancel, 'get jobs': cancel }
const gpusFor = (story: Story) => (story === cancel ? 0 : 1)

const refusal = ({ verb, resource }: Right) => `cannot ${verb} resource \\"${resource}\\"`

describe('the rights of the launcher', { concurrency: 2 }, () => {
  for (const story of [train, cancel]) {
    test(`are enough to ${story.name}`, async (t) => {
      const place = await startClusterYard(t, { configuration: onGpu(), gpus: gpusFor(story) })
      const witness = watchAttempts(t, place.cluster, place.namespace)
      await story(place)
      await witness.empty()
      assert.doesNotMatch(await saidBy(place.yard), /cannot \w+ resource/)
    })
  }

  const explaining = launcherRightsShipped.find(({ resource }) => resource === 'events')
  test('are enough without that to list events to collect what is left of an attempt, whose record says what it lacks', async (t) => {
    assert.ok(explaining)
    const place = await startClusterYard(t, { configuration: onGpu(), gpus: 1, without: explaining })
    const witness = watchAttempts(t, place.cluster, place.namespace)
    await train(place)
    await witness.empty()
    const { run } = await eventually(() => championOf(place.yard, 'trained'))
    const attempts = await place.yard.get<object[]>(`/runs/${run}/attempts`)
    assert.match(JSON.stringify(attempts), /its events could not be read: .*cannot list resource/)
  })

  for (const right of launcherRightsShipped) {
    test(`are not enough without that to ${nameOf(right)}, and the launcher says that it lacks this`, async (t) => {
      const story = stories[nameOf(right)] ?? train
      const place = await startClusterYard(t, { configuration: onGpu(), gpus: gpusFor(story), without: right })
      // How far it comes is not the question.
      story(place).catch(() => {})
      await eventually(async () => (await saidBy(place.yard)).includes(refusal(right)), {
        what: `word of what is missing, "${refusal(right)}",`,
      })
    })
  }
})
