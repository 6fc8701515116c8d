import { busFaults } from '../../kit/bus/faults.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, uniqueName } from '../broker/topics.ts'
import { openClient, settingsFor } from './given.ts'

busFaults(async (t) => {
  const brokers = await sharedBroker()
  const settings = settingsFor(brokers)
  return {
    open: () => openClient(t, settings),
    async topic() {
      const topic = uniqueName('things')
      await createTopics(brokers, [{ topic, numPartitions: 3 }])
      return topic
    },
  }
})
