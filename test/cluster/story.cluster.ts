import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { playOn } from '../kafka/services/play.ts'
import { seeLabels, storyOnGpu } from './story.ts'
import { startClusterYard } from './yard.ts'

test("the demo's story is played with attempts as Jobs on a GPU node, and kubectl shows what each is for", async (t) => {
  const ground = await startClusterYard(t, { configuration: storyOnGpu() })
  const { yard, cluster, namespace } = ground
  await Promise.all([playOn(() => yard.url), seeLabels(ground)])
  await eventually(
    async () => (await cluster.kubectl('get', 'jobs,pods', `--namespace=${namespace}`, '--output=name')) === '',
    { what: 'nothing left of the attempts' },
  )
})
