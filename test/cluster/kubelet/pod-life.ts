import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '../pods.ts'
import { type ContainerRun, makeRun } from './container-run.ts'
import type { KubeletContext } from './context.ts'
import { makeEvents } from './events.ts'
import { makeReport } from './report.ts'
import { makeSources, Unsupported } from './sources.ts'
import { type ContainerRecord, type Outcome, secondsNow, statusOf } from './status.ts'
import { prepareVolumes, type Volumes } from './volumes.ts'

/**
 * One pod on a node, from its binding to its end.
 *
 * Its init containers run one after the other, then its main ones together, and its sidecars beside them. It ends when the
 * main ones have ended or when it is told to; its last status is said after its last process is gone, and only then is a
 * pod that is to be deleted taken out of the API.
 */
export interface PodLife {
  /** The API has another version of it. */
  update(pod: Pod): void
  /** Ends its processes: politely, and after the grace by force. */
  terminate(graceSeconds: number, outcome?: Outcome): void
  /** The first main one if none is named. */
  run(container?: string): ContainerRun | undefined
  /** Resolves once no process is left and all is said. */
  readonly over: Promise<void>
}

export function startPod(first: Pod, context: KubeletContext): PodLife {
  let pod = first
  const report = makeReport(pod, context)
  const events = makeEvents(pod, context)
  const startTime = secondsNow()
  const stopping = new AbortController()
  const stoppingSidecars = new AbortController()
  const runs = recordsOf(pod).map((record) => {
    const { signal } = record.kind === 'sidecar' ? stoppingSidecars : stopping
    return makeRun({ ...context, pod: first, record, events, stopping: signal, changed: () => say() })
  })
  const ofKind = (kind: ContainerRecord['kind']) => runs.filter(({ record }) => record.kind === kind)
  let outcome: Outcome | undefined
  let isPrepared = false
  let status: ReturnType<typeof statusOf> | undefined
  let deadlineMs = Number.POSITIVE_INFINITY
  let removed: Promise<void> | undefined

  function say(phase?: 'Succeeded' | 'Failed'): void {
    const records = runs.map(({ record }) => record)
    status = statusOf(pod, { records, isPrepared, startTime, before: status, final: phase && { phase, outcome } })
    report.say(status)
  }

  async function live(): Promise<void> {
    say()
    await sandboxOnceThere()
    const volumes = await volumesOnceThere()
    isPrepared = volumes !== undefined
    if (isPrepared) say()
    const exitCodes = volumes ? await runInOrder(volumes) : []
    // Whatever had no chance to begin is reported as a kubelet reports what it does not find; the main ones then still wait
    // for the initial ones.
    const isInitialized = ofKind('init').every(({ record }) => record.state.terminated?.exitCode === 0)
    for (const { record } of runs)
      if (!record.state.terminated && (isInitialized || record.kind === 'init'))
        record.state = { terminated: neverBegun }
    const succeeded = exitCodes.length > 0 && exitCodes.every((code) => code === 0) && !outcome
    stopping.abort()
    say(succeeded ? 'Succeeded' : 'Failed')
    await report.heard()
    if (pod.metadata.deletionTimestamp) await remove()
  }

  async function sandboxOnceThere(): Promise<void> {
    const runtime = pod.spec.runtimeClassName ?? ''
    const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "${runtime}" is configured`
    while (context.missingRuntimes.has(runtime) && !stopping.signal.aborted) {
      await events.tell('Warning', 'FailedCreatePodSandBox', message)
      await events.tell('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      await delay(1_000, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }

  async function volumesOnceThere(): Promise<Volumes | undefined> {
    const { namespace, uid } = pod.metadata
    const directory = join(context.directory, 'pods', uid, 'volumes')
    const sources = makeSources(context.client, namespace)
    while (!stopping.signal.aborted) {
      try {
        return await prepareVolumes(pod, { ...context, sources, directory })
      } catch (error) {
        if (error instanceof Unsupported) throw error
        await delay(200, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      }
    }
    return undefined
  }

  /** The exit codes that decide what becomes of the pod. */
  async function runInOrder(volumes: Volumes): Promise<readonly (number | undefined)[]> {
    const sidecars: Promise<unknown>[] = []
    try {
      for (const run of runs.filter(({ record }) => record.kind !== 'main')) {
        if (run.record.kind === 'sidecar') {
          sidecars.push(run.run(volumes))
          await running(run)
          continue
        }
        const exitCode = await run.run(volumes)
        if (exitCode !== 0) return [exitCode]
      }
      return await Promise.all(ofKind('main').map((run) => run.run(volumes)))
    } finally {
      await endSidecars(sidecars)
    }
  }

  async function running({ record }: ContainerRun): Promise<void> {
    while (!record.state.running && !stopping.signal.aborted) await delay(20, undefined, { ref: false })
  }

  async function endSidecars(sidecars: readonly Promise<unknown>[]): Promise<void> {
    stoppingSidecars.abort()
    for (const run of ofKind('sidecar')) run.signal('SIGTERM')
    const graceMs = Math.min(1_000 * (pod.spec.terminationGracePeriodSeconds ?? 30), deadlineMs - performance.now())
    const timer = setTimeout(() => signal(runs, 'SIGKILL'), Math.max(0, graceMs))
    await Promise.all(sidecars)
    clearTimeout(timer)
  }

  function terminate(graceSeconds: number, why?: Outcome): void {
    outcome ??= why
    if (!stopping.signal.aborted) {
      stopping.abort()
      if (graceSeconds > 0) signal([...ofKind('init'), ...ofKind('main')], 'SIGTERM')
    }
    deadlineMs = Math.min(deadlineMs, performance.now() + 1_000 * graceSeconds)
    if (graceSeconds === 0) signal(runs, 'SIGKILL')
    else setTimeout(() => signal(runs, 'SIGKILL'), 1_000 * graceSeconds).unref()
  }

  async function remove(): Promise<void> {
    removed ??= report.remove()
    await removed
  }

  const begunMs = performance.now()
  let deadline: NodeJS.Timeout | undefined

  /** Whoever may change a pod may shorten it. */
  function keepDeadline({ activeDeadlineSeconds, terminationGracePeriodSeconds = 30 }: Pod['spec']): void {
    clearTimeout(deadline)
    if (activeDeadlineSeconds === undefined) return
    const leftMs = begunMs + 1_000 * activeDeadlineSeconds - performance.now()
    deadline = setTimeout(() => terminate(terminationGracePeriodSeconds, pastDeadline), Math.max(0, leftMs)).unref()
  }
  keepDeadline(pod.spec)

  let ended = false
  const over = live().finally(() => {
    ended = true
    clearTimeout(deadline)
  })
  return {
    update(newer) {
      if (!ended && newer.spec.activeDeadlineSeconds !== pod.spec.activeDeadlineSeconds) keepDeadline(newer.spec)
      pod = newer
      const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
      if (!deletionTimestamp) return
      if (ended) void remove()
      else terminate(deletionGracePeriodSeconds)
    },
    terminate,
    run: (name = pod.spec.containers[0]?.name) => runs.find(({ record }) => record.container.name === name),
    over,
  }
}

const signal = (runs: readonly ContainerRun[], name: NodeJS.Signals) => {
  for (const run of runs) run.signal(name)
}

const pastDeadline: Outcome = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

const neverBegun = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  startedAt: '1970-01-01T00:00:00Z',
  finishedAt: '1970-01-01T00:00:00Z',
}

function recordsOf({ metadata, spec }: Pod): readonly ContainerRecord[] {
  const initial = (spec.initContainers ?? []).map((container) => ({
    container,
    kind: container.restartPolicy === 'Always' ? ('sidecar' as const) : ('init' as const),
  }))
  const main = spec.containers.map((container) => ({ container, kind: 'main' as const }))
  return [...initial, ...main].map((each) => ({
    ...each,
    id: `${metadata.uid}-${each.container.name}`,
    state: { waiting: { reason: initial.length > 0 ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: {},
    restarts: 0,
  }))
}
