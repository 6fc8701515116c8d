import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeNames } from '../../../services/kit/bus/kafka/names.ts'
import { eventually } from '../../harness/eventually.ts'
import { makeGroup } from '../../kit/bus/group.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, uniqueName, withAdmin } from '../broker/topics.ts'
import { burst, openClient, settingsFor } from './given.ts'

test('what Kafka has on record for a group follows what was handled, so that tools which watch its lag are right', async (t) => {
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [{ topic, numPartitions: 3 }])
  const settings = settingsFor(brokers)
  const bus = openClient(t, settings)
  const group = makeGroup()
  const groupId = makeNames(settings.prefix).group(group.name, 'beginning')

  /** As `kafka-consumer-groups.sh` counts; undefined while nothing is on record for a partition. */
  const lag = () =>
    withAdmin(brokers, async (admin) => {
      const ends = await admin.fetchTopicOffsets(topic)
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
      const offsets = committed?.partitions.map(({ offset }) => Number(offset)) ?? []
      if (offsets.length < ends.length || offsets.includes(-1)) return undefined
      return ends.reduce((sum, { high }) => sum + Number(high), 0) - offsets.reduce((sum, offset) => sum + offset, 0)
    })
  const lagBecomes = (wanted: number) =>
    eventually(async () => (await lag()) === wanted, { what: `a lag of ${wanted}` })

  let gate = Promise.resolve()
  let waiting = 0
  const member = group.member({
    topics: [topic],
    async before() {
      waiting += 1
      await gate
    },
  })
  await bus.publish(burst(topic, 30))
  const first = await bus.subscribe(member)
  await lagBecomes(0)
  assert.equal(group.seen.length, 30)

  const opening = Promise.withResolvers<void>()
  gate = opening.promise
  waiting = 0
  await bus.publish(burst(topic, 30, { first: 30 }))
  await eventually(() => waiting === 3, { what: 'a batch of each partition under way' })
  assert.equal(await lag(), 30)
  opening.resolve()
  await lagBecomes(0)

  await bus.publish(burst(topic, 30, { first: 60 }))
  await eventually(() => group.seen.length === 90)
  await first.stop()
  assert.equal(await lag(), 0, 'told when it leaves')
  await bus.publish(burst(topic, 10, { first: 90 }))
  assert.equal(await lag(), 10, 'and known while it is away')
  await bus.subscribe(member)
  await lagBecomes(0)
})
