import { test } from 'node:test'
import { sharedBroker } from '../kafka/broker/shared.ts'
import { preparePlatform, structured } from '../kafka/platform.ts'
import { playOn } from '../kafka/services/play.ts'
import { isBrokerThere, storyOnGpu } from './story.ts'
import { startClusterYard } from './yard.ts'

test("what a plain producer writes to the platform's topic drives the demo's story with attempts as Jobs", async (t) => {
  // Where everything is to be proven, what is missing has the test fail.
  if (process.env['CI'] === undefined && !(await isBrokerThere())) return t.skip('Java and Maven are not there')
  const platform = await preparePlatform(t, await sharedBroker())
  const { yard } = await startClusterYard(t, {
    configuration: platform.configured(storyOnGpu()),
    variables: platform.variables,
  })
  await playOn(
    () => yard.url,
    (key, event) => platform.produce([structured(key, event)]),
  )
})
