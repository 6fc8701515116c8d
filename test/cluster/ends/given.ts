/** What the tests of an attempt's ends share: job types that are placed on GPU nodes, and how their runs are looked at. */
import { logOf } from '../../chain/answers.ts'
import { datasetOf, postDataset } from '../../chain/bot.ts'
import type { Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import { podThat } from '../jobs.ts'
import { watchAttempts } from '../witness.ts'
import { type ClusterYard, startClusterYard } from '../yard.ts'

export interface Attempt {
  readonly attempt: string
  readonly kind: 'train' | 'predict'
  readonly outcome: string | null
  readonly reason: string | null
  readonly standing: string | null
  readonly remarks: readonly { readonly words: string }[]
}

export interface JobTypeParts {
  readonly hyperparameters?: Readonly<Record<string, unknown>>
  /** How many tries may fail: none, so that what costs one is seen. */
  readonly retries?: number
  readonly image?: string
  readonly command?: readonly string[]
  readonly placement?: string
}

export const placements = `placements:
  gpu: { gpus: 1, memoryGiB: 1 }
`

/** Works in the first attempt, longer than anybody lets it, and says so every three seconds; SIGTERM has it saved. */
export const works = { sleepMs: 30_000, untilAttempt: 1 }
/** Does nothing but live, in the first attempt. */
export const hangs = { hang: 'untilTerm', untilAttempt: 1 }

export function jobType(name: string, parts: JobTypeParts = {}): string {
  const { hyperparameters = {}, retries = 0, image = 'registry.example.com/trainer:1', placement = 'gpu' } = parts
  const { command = ['node', '/srv/services/trainer/main.ts', 'echo'] } = parts
  return `  ${name}:
    program: { command: ${JSON.stringify(command)}, image: ${JSON.stringify(image)} }
    hyperparameters: ${JSON.stringify(hyperparameters)}
    placement: ${placement}
    slots: 4
    graceSeconds: 5
    attemptDeadlineSeconds: 120
    retries: { limit: ${retries}, backoffSeconds: 0.05 }
    promotion: { minimumExamRows: 1, guard: { minimumSupport: 3 } }
`
}

/** Asks for a training of this job type, for a bot of the same name or another. */
export async function train(yard: Yard, jobTypeName: string, bot = jobTypeName): Promise<string> {
  const { uri } = await postDataset(yard, datasetOf('ends'))
  await yard.post('/train', { bot, jobType: jobTypeName, dataset: uri, actor: 'ada', reason: 'a test' })
  return await eventually(
    async () => (await yard.get<{ runs: { run: string }[] }>(`/runs?bot=${bot}`)).runs.at(0)?.run,
    { what: `a run of ${bot}` },
  )
}

/** Once the program itself has said something. */
export async function begun(yard: Yard, run: string): Promise<void> {
  await eventually(async () => (await logOf(yard, run)) !== '', { what: `a word of ${run}` })
}

/** An attempt that runs on one of two nodes with a GPU each. */
export async function runsOnNode(t: Ending, { hyperparameters = hangs, tolerations = '[]' } = {}) {
  const places = placements.replace('}', `, tolerations: ${tolerations} }`)
  const configuration = `jobTypes:\n${jobType('intents', { hyperparameters })}${places}`
  const here = await startClusterYard(t, { configuration, nodes: 2, gpus: 1 })
  const witness = watchAttempts(t, here.cluster, here.namespace)
  const run = await train(here.yard, 'intents')
  await begun(here.yard, run)
  const pod = await podThat(here.cluster, here.namespace, `${run}-1`, ({ spec }) => spec.nodeName)
  return { here, witness, run, pod, kubelet: kubeletOf(here, pod.spec.nodeName) }
}

export const attemptsOf = (yard: Yard, run: string): Promise<Attempt[]> => yard.get(`/runs/${run}/attempts`)

/** The run's state once it has ended, with its training attempts. */
export async function endOf(
  yard: Yard,
  run: string,
  timeoutMs = 180_000,
): Promise<{ state: string; attempts: Attempt[] }> {
  const look = async () => {
    const { state } = await yard.get<{ state: string }>(`/runs/${run}`)
    return ['succeeded', 'failed', 'superseded', 'cancelled'].includes(state) && state
  }
  const state = await eventually(look, { what: `the end of ${run}`, timeoutMs }).catch(async (error: unknown) => {
    throw new Error(JSON.stringify(await attemptsOf(yard, run)), { cause: error })
  })
  return { state, attempts: (await attemptsOf(yard, run)).filter(({ kind }) => kind === 'train') }
}

/** How the run's newest attempt stands, once it stands so. */
export async function stands(yard: Yard, run: string, words: RegExp, timeoutMs = 60_000): Promise<string> {
  let last: string | null | undefined
  const look = async () => {
    last = (await attemptsOf(yard, run)).at(-1)?.standing
    return typeof last === 'string' && words.test(last) && last
  }
  return await eventually(look, { timeoutMs }).catch((error: unknown) => {
    throw new Error(`it stands otherwise: ${last}`, { cause: error })
  })
}

/** Whose kubelet runs the pod. */
export function kubeletOf({ kubelets }: ClusterYard, node: string | undefined) {
  const found = kubelets.find((kubelet) => kubelet.node === node)
  if (!found) throw new Error(`no kubelet runs node ${node}`)
  return found
}
