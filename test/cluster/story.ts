import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { configuration } from '../../services/cli/demo/story.ts'
import { eventually } from '../harness/eventually.ts'
import type { ClusterYard } from './yard.ts'

/** The demo's configuration, with every attempt on a GPU. */
export function storyOnGpu(): string {
  const { jobTypes, ...others } = parse(configuration)
  return stringify({
    ...others,
    placements: { gpu: { gpus: 1, memoryGiB: 1 } },
    jobTypes: { intents: { ...jobTypes.intents, placement: 'gpu' } },
  })
}

/** What a person sees of an attempt that trains, with nothing but kubectl. */
export async function seeLabels({ cluster, namespace }: ClusterYard): Promise<void> {
  const parameters = [
    `--namespace=${namespace}`,
    '--selector=trainyard.dev/kind=train',
    '--show-labels',
    '--no-headers',
  ]
  const { lines, attempt, run } = await eventually(
    async () => {
      const table = await cluster.kubectl('get', 'jobs,pods', ...parameters)
      const [, attempt, run] = /^job\.batch\/((run-[a-z2-7]{10})-1) /m.exec(table) ?? []
      const lines = table.split('\n').filter((line) => /^(job\.batch|pod)\//.test(line) && line.includes(`/${attempt}`))
      return attempt !== undefined && lines.length === 2 && { lines, attempt, run }
    },
    { what: 'a Job and its pod in what kubectl shows' },
  )
  for (const line of lines) {
    const labels = new Set((line.split(/\s+/).at(-1) ?? '').split(','))
    const wanted = [
      'app.kubernetes.io/name=trainyard-attempt',
      'app.kubernetes.io/managed-by=trainyard',
      `trainyard.dev/run=${run}`,
      `trainyard.dev/attempt=${attempt}`,
      'trainyard.dev/job-type=intents',
      'trainyard.dev/kind=train',
    ]
    assert.deepEqual(
      wanted.filter((label) => !labels.has(label)),
      [],
      line,
    )
    assert.match(line, /[ ,]trainyard\.dev\/generation=\d+(,|$)/)
  }
}

/** Whether this machine has what the broker under test needs. */
export async function isBrokerThere(): Promise<boolean> {
  const run = promisify(execFile)
  const asked = await Promise.allSettled([run('java', ['--version']), run('mvn', ['--version'])])
  return asked.every(({ status }) => status === 'fulfilled')
}
