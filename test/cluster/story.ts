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

/** What a person sees of an attempt that runs, with nothing but kubectl. */
export async function seeLabels({ cluster, namespace }: ClusterYard): Promise<void> {
  const lines = await eventually(
    async () => {
      const table = await cluster.kubectl(
        'get',
        'jobs,pods',
        `--namespace=${namespace}`,
        '--show-labels',
        '--no-headers',
      )
      const [job, pod] = ['job.batch/', 'pod/'].map((kind) => table.split('\n').find((line) => line.startsWith(kind)))
      return job !== undefined && pod !== undefined && { job, pod }
    },
    { what: 'a Job and its pod in what kubectl shows' },
  )
  const attempt = /^job\.batch\/(run-[a-z2-7]{10}-1) /.exec(lines.job)?.[1] ?? ''
  assert.match(lines.pod, new RegExp(`^pod/${attempt}-`))
  for (const line of [lines.job, lines.pod]) {
    const labels = new Set((line.split(/\s+/).at(-1) ?? '').split(','))
    const wanted = [
      'app.kubernetes.io/name=trainyard-attempt',
      'app.kubernetes.io/managed-by=trainyard',
      `trainyard.dev/run=${attempt.slice(0, -2)}`,
      `trainyard.dev/attempt=${attempt}`,
      'trainyard.dev/job-type=intents',
      'trainyard.dev/kind=train',
      'trainyard.dev/generation=1',
    ]
    assert.deepEqual(
      wanted.filter((label) => !labels.has(label)),
      [],
      line,
    )
  }
}

/** Whether this machine has what the broker under test needs. */
export async function isBrokerThere(): Promise<boolean> {
  const run = promisify(execFile)
  const asked = await Promise.allSettled([run('java', ['--version']), run('mvn', ['--version'])])
  return asked.every(({ status }) => status === 'fulfilled')
}
