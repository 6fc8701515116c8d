import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerState, Pod } from '../pods.ts'
import { type ContainerLog, openContainerLog } from './container-log.ts'
import { type ContainerProcess, type Mount, startProcess } from './container-process.ts'
import type { KubeletContext } from './context.ts'
import { type Surroundings, surroundingsOf } from './environment.ts'
import type { Events } from './events.ts'
import { makeSources, NotThere, Unsupported } from './sources.ts'
import { type ContainerRecord, secondsNow } from './status.ts'
import { terminationMessage } from './termination.ts'
import { userOf } from './user.ts'
import type { Volumes } from './volumes.ts'

export interface RunContext extends KubeletContext {
  readonly pod: Pod
  readonly record: ContainerRecord
  readonly events: Events
  /** Aborted when it is not to be started, and not to be started again. */
  readonly stopping: AbortSignal
  /** Called whenever its state is another one. */
  readonly changed: () => void
}

export interface ContainerRun {
  readonly record: ContainerRecord
  /** Resolves once it has ended for good, with its exit code if it was ever started. */
  run(volumes: Volumes): Promise<number | undefined>
  signal(name: NodeJS.Signals): void
  /** Kills it, and says that it took too much memory. */
  exhaust(): void
  log(previous: boolean): ContainerLog | undefined
}

const retryMs = 200

const isImageName = (image: string): boolean => /^[a-z0-9.:_/@-]+(:[\w.-]+)?$/.test(image)

export function makeRun(context: RunContext): ContainerRun {
  const { pod, record, events, stopping, changed, images } = context
  const { container, kind } = record
  const fieldPath = `spec.${kind === 'main' ? 'containers' : 'initContainers'}{${container.name}}`
  const logs: ContainerLog[] = []
  let current: ContainerProcess | undefined
  let exhausted = false

  function become(state: ContainerState): void {
    if (JSON.stringify(state) === JSON.stringify(record.state)) return
    record.state = state
    changed()
  }

  const pause = (ms: number) => delay(ms, undefined, { signal: stopping, ref: false }).catch(() => {})

  /** Waits for its image and for all that its environment is made of; undefined if it is to stop before. */
  async function beginnable(): Promise<Surroundings | undefined> {
    await pause(context.startDelayMs())
    for (let tries = 0; !stopping.aborted; tries++) {
      if (!isImageName(container.image)) {
        const message = `Failed to apply default image tag "${container.image}": couldn't parse image name: invalid reference format`
        become({ waiting: { reason: 'InvalidImageName', message } })
        await pause(retryMs)
        continue
      }
      const problem = images.problem(container.image)
      const backOff = `Back-off pulling image "${container.image}": ErrImagePull: ${problem}`
      try {
        if (problem === undefined) return await surroundings()
        if (tries === 0)
          await events.tell('Warning', 'Failed', `Failed to pull image "${container.image}": ${problem}`, fieldPath)
        become({
          waiting:
            tries === 0
              ? { reason: 'ErrImagePull', message: problem }
              : { reason: 'ImagePullBackOff', message: backOff },
        })
      } catch (error) {
        if (error instanceof Unsupported) throw error
        // An API server that is away comes back.
        if (error instanceof NotThere)
          become({ waiting: { reason: 'CreateContainerConfigError', message: error.message } })
      }
      await pause(retryMs)
    }
    return undefined
  }

  async function surroundings(): Promise<Surroundings> {
    userOf(pod, container)
    const sources = makeSources(context.client, pod.metadata.namespace)
    const image = images.content(container.image)
    return await surroundingsOf(pod, container, context.place, sources, image, context.environment)
  }

  async function runOnce({ command, environment }: Surroundings, volumes: Volumes): Promise<number> {
    const folder = join(context.directory, 'pods', pod.metadata.uid, container.name, String(record.restarts))
    await mkdir(folder, { recursive: true })
    const termination = join(folder, 'termination-log')
    await writeFile(termination, '', { mode: 0o666 })
    const log = openContainerLog(join(folder, 'log'))
    logs.push(log)
    exhausted = false
    const image = images.content(container.image)
    const started = await startProcess({
      command,
      environment,
      image: image.root,
      directory: container.workingDir ?? image.workingDirectory,
      mounts: mountsOf(volumes, termination),
      readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
      user: userOf(pod, container),
      scratch: join(folder, 'root'),
      output: log.write,
    })
    current = started
    const startedAt = secondsNow()
    become({ running: { startedAt } })
    if (stopping.aborted) started.signal('SIGKILL')
    const { exitCode, startError } = await started.ended
    current = undefined
    log.end()
    const reason = startError ? 'StartError' : exhausted ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error'
    const said = terminationMessage(container, exitCode, await readFile(termination), log)
    const message = startError ?? said
    const finishedAt = secondsNow()
    become({ terminated: { exitCode, reason, startedAt, finishedAt, ...(message === '' ? {} : { message }) } })
    return exitCode
  }

  function mountsOf(volumes: Volumes, termination: string): readonly Mount[] {
    const own = (container.volumeMounts ?? []).map(({ name, mountPath, subPath = '', readOnly = false }) => {
      const source = volumes.get(name)
      if (source === undefined)
        throw new Error(`container ${container.name} mounts ${name}, which the pod does not have`)
      return { source: join(source, subPath), target: mountPath, readOnly }
    })
    const target = container.terminationMessagePath ?? '/dev/termination-log'
    // What lies below another comes after it.
    const sorted = own.toSorted((one, other) => one.target.length - other.target.length)
    return [...context.mounts, ...sorted, { source: termination, target, readOnly: false }]
  }

  function startsAgain(exitCode: number): boolean {
    if (stopping.aborted) return false
    const { restartPolicy = 'Always' } = pod.spec
    if (kind === 'sidecar') return true
    // An init container that succeeded has done what it is for.
    if (restartPolicy === 'Always' && kind === 'main') return true
    return restartPolicy !== 'Never' && exitCode !== 0
  }

  return {
    record,
    async run(volumes) {
      for (;;) {
        const found = await beginnable()
        if (!found) return record.lastState.terminated?.exitCode
        const exitCode = await runOnce(found, volumes)
        if (!startsAgain(exitCode)) return exitCode
        record.lastState = record.state
        record.restarts += 1
        become({
          waiting: { reason: 'CrashLoopBackOff', message: `back-off restarting failed container ${container.name}` },
        })
        await pause(retryMs)
      }
    },
    signal: (name) => current?.signal(name),
    exhaust() {
      exhausted = true
      current?.signal('SIGKILL')
    },
    log: (previous) => logs.at(previous ? -2 : -1),
  }
}
