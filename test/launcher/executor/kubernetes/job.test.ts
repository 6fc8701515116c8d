import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { V1Job, V1PodSpec } from '@kubernetes/client-node'
import fc from 'fast-check'
import { AttemptName, BotId, JobTypeName, RunId } from '../../../../schemas/words.ts'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import { buildJob, isSameWork } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { labels } from '../../../../services/launcher/executor/kubernetes/names.ts'
import { attemptOf, champion, settings, specOf, token } from './given.ts'

const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

const run = fc.stringMatching(/^run-[a-z2-7]{10}$/)
const anyAttempt: fc.Arbitrary<AttemptToStart> = fc
  .record({
    run,
    kind: fc.constantFrom('train' as const, 'predict' as const),
    number: fc.integer({ min: 1, max: 999_999 }),
    // Any text without control characters, quotes, spaces and emoji included.
    bot: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => BotId.safeParse(text).success),
    jobType: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/),
    generation: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    command: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 }),
    gpus: fc.integer({ min: 0, max: 16 }),
    cpus: fc.option(fc.double({ min: 1e-9, max: 1e300, noNaN: true }), { nil: undefined }),
    memoryGiB: fc.option(fc.double({ min: 1e-9, max: 1e300, noNaN: true }), { nil: undefined }),
    deadlineMs: fc.integer({ min: 1000, max: 31_536_000_000 }),
    graceMs: fc.integer({ min: 0, max: 31_536_000_000 }),
  })
  .map(({ run, kind, number, bot, jobType, command, gpus, cpus, memoryGiB, ...rest }) => ({
    ...attemptOf(),
    ...rest,
    kind,
    run: RunId.parse(run),
    name: AttemptName.parse(`${run}-${kind === 'train' ? '' : 'champion-'}${number}`),
    bot: BotId.parse(bot),
    jobType: JobTypeName.parse(jobType),
    spec: specOf({
      program: { command, image: 'registry.example.com/trainer:7' },
      placement: { gpus, ...(cpus === undefined ? {} : { cpus }), ...(memoryGiB === undefined ? {} : { memoryGiB }) },
    }),
  }))

const podOf = (job: V1Job): V1PodSpec => {
  assert.ok(job.spec?.template.spec !== undefined)
  return job.spec.template.spec
}
const build = (attempt: AttemptToStart): V1Job => buildJob(attempt, settings)
const bytesOf = (attempt: AttemptToStart): string => JSON.stringify(build(attempt))

describe('the Job of any attempt', () => {
  test('has a name and labels that Kubernetes takes, whatever the bot is called', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const job = build(attempt)
        assert.equal(job.metadata?.name, attempt.name)
        assert.match(attempt.name, dnsLabel)
        for (const metadata of [job.metadata, job.spec?.template.metadata]) {
          for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
            assert.match(key, labelKey)
            assert.match(value, labelValue)
          }
          for (const key of Object.keys(metadata?.annotations ?? {})) assert.match(key, labelKey)
          assert.equal(metadata?.annotations?.['trainyard.dev/bot'], attempt.bot)
        }
      }),
    )
  })

  test('is the same bytes each time, and reads nothing but the attempt: no clock, no chance, no environment', (t) => {
    const forbidden = (): never => assert.fail('something else than the attempt was read')
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const before = bytesOf(structuredClone(attempt))
        const { env } = process
        t.mock.method(Date, 'now', forbidden)
        t.mock.method(Math, 'random', forbidden)
        process.env = new Proxy({}, { get: forbidden, has: forbidden, ownKeys: forbidden })
        try {
          assert.equal(bytesOf(deepFrozen(structuredClone(attempt))), before)
        } finally {
          process.env = env
          t.mock.restoreAll()
        }
      }),
      { numRuns: 30 },
    )
  })

  test('holds quantities and seconds that Kubernetes reads', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const pod = podOf(build(attempt))
        const { requests = {}, limits = {} } = pod.containers[0]?.resources ?? {}
        for (const quantity of Object.values({ ...requests, ...limits }))
          assert.match(quantity, /^[1-9][0-9]*(m|Mi|Gi)?$/)
        for (const seconds of [pod.activeDeadlineSeconds, pod.terminationGracePeriodSeconds]) {
          assert.ok(seconds !== undefined && Number.isInteger(seconds) && seconds > 0 && seconds < 2 ** 31)
        }
        // A pod is not cut short before its runner would have ended by itself.
        assert.ok((pod.activeDeadlineSeconds ?? 0) * 1000 > attempt.deadlineMs + attempt.graceMs)
        assert.ok((pod.terminationGracePeriodSeconds ?? 0) * 1000 > attempt.graceMs)
      }),
    )
  })

  test('hands texts on as they are: Kubernetes would expand what looks like a variable of its own', () => {
    const expand = (text: string): string =>
      text.replaceAll(/\$(\$|\(([^)]*)\))/g, (_all, next) => (next === '$' ? '$' : 'expanded'))
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[$()A-Z]{1,8}$/), { minLength: 1 }), (command) => {
        const attempt = attemptOf({ program: { command, image: 'a' } }, { token: `$(${command})` })
        const {
          containers: [program],
          initContainers: [runner] = [],
        } = podOf(build(attempt))
        assert.deepEqual(program?.command?.slice(3).map(expand), command)
        const sent = runner?.env?.find(({ name }) => name === 'TRAINYARD_ATTEMPT_TOKEN')?.value ?? ''
        assert.equal(expand(sent), attempt.token)
      }),
    )
  })

  test('is one pod that is not replaced, and stays until its end is on record (I1, I7)', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const { metadata, spec } = build(attempt)
        const { parallelism, completions, backoffLimit, podReplacementPolicy } = spec ?? {}
        assert.deepEqual([parallelism, completions, backoffLimit, podReplacementPolicy], [1, 1, 0, 'Failed'])
        assert.deepEqual([spec?.ttlSecondsAfterFinished, spec?.activeDeadlineSeconds], [undefined, undefined])
        assert.deepEqual(metadata?.finalizers, ['trainyard.dev/collect'])
        assert.equal(podOf({ metadata: metadata ?? {}, ...(spec && { spec }) }).restartPolicy, 'Never')
      }),
    )
  })
})

/** What the restricted standard demands of a pod, control by control (kubernetes.io/docs/concepts/security/pod-security-standards). */
const restricted: Record<string, (pod: V1PodSpec) => boolean> = {
  'shares no namespace with its node': (pod) => !pod.hostNetwork && !pod.hostPID && !pod.hostIPC,
  'is not privileged': (pod) => all(pod, ({ securityContext }) => !securityContext?.privileged),
  'has no capability': (pod) =>
    all(pod, ({ securityContext: { capabilities } = {} }) => !capabilities?.add && capabilities?.drop?.[0] === 'ALL'),
  'mounts only what may be': (pod) =>
    pod.volumes?.every((volume) => Object.keys(volume).join() === 'name,emptyDir') ?? true,
  'takes no port of its node': (pod) => all(pod, ({ ports = [] }) => ports.every(({ hostPort }) => !hostPort)),
  'has the standard AppArmor, SELinux, /proc and sysctls': (pod) =>
    !pod.securityContext?.sysctls &&
    !pod.securityContext?.seLinuxOptions &&
    !pod.securityContext?.appArmorProfile &&
    all(
      pod,
      ({ securityContext: own }) =>
        !own?.procMount && !own?.seLinuxOptions && !own?.appArmorProfile && !own?.seccompProfile,
    ),
  'cannot gain privileges': (pod) =>
    all(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
  'does not run as root': (pod) =>
    pod.securityContext?.runAsNonRoot === true &&
    (pod.securityContext.runAsUser ?? 0) > 0 &&
    all(pod, ({ securityContext: own }) => own?.runAsNonRoot === undefined && own?.runAsUser === undefined),
  'is under the seccomp profile of the runtime': (pod) =>
    pod.securityContext?.seccompProfile?.type === 'RuntimeDefault',
}

function all(pod: V1PodSpec, holds: (container: V1PodSpec['containers'][number]) => boolean): boolean {
  const containers = [...(pod.initContainers ?? []), ...pod.containers, ...(pod.ephemeralContainers ?? [])]
  return containers.length >= 2 && containers.every(holds)
}

describe('the pod of any attempt keeps to the restricted security standard: it', () => {
  for (const [what, holds] of Object.entries(restricted)) {
    test(what, () => fc.assert(fc.property(anyAttempt, (attempt) => holds(podOf(build(attempt))))))
  }

  test('and cannot write to its root, nor ask the cluster for anything', () => {
    fc.assert(
      fc.property(anyAttempt, (attempt) => {
        const pod = podOf(build(attempt))
        assert.ok(all(pod, ({ securityContext }) => securityContext?.readOnlyRootFilesystem === true))
        assert.equal(pod.automountServiceAccountToken, false)
        assert.equal(pod.enableServiceLinks, false)
      }),
    )
  })
})

describe('an attempt in Kubernetes', () => {
  test('without a container image is bad input, and the sentence says what to do', () => {
    const attempt = attemptOf({ program: { command: ['node', 'train.ts'] } })
    assert.throws(() => build(attempt), {
      code: 'badInput',
      retryable: false,
      message:
        'job type intents names no container image, and in Kubernetes every attempt is a container: say program.image in trainyard.yaml, and ask for the training again',
    })
  })

  test('has its token in one place alone, and the container of its program is not it (D10)', () => {
    const text = bytesOf(attemptOf())
    assert.equal(text.split(token).length, 2)
    assert.ok(!JSON.stringify(podOf(build(attemptOf())).containers).includes(token))
    assert.match(text, new RegExp(`{"name":"TRAINYARD_ATTEMPT_TOKEN","value":"${token}"}`))
  })

  test('trains on its placement, and sits an exam on the one for exams if there is one', () => {
    const parts = { placement: { cpus: 8 }, examPlacement: { cpus: 1 } }
    const cpus = (attempt: AttemptToStart) => podOf(build(attempt)).containers[0]?.resources?.requests?.['cpu']
    assert.equal(cpus(attemptOf(parts)), '8')
    assert.equal(cpus(attemptOf(parts, champion)), '1')
    assert.equal(cpus(attemptOf({ placement: { cpus: 8 } }, champion)), '8')
  })

  test('bears the taint of GPU nodes, once', () => {
    const own = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }
    const any = { operator: 'Exists' }
    const valued = { key: 'nvidia.com/gpu', operator: 'Equal', value: 'a', effect: 'NoSchedule' }
    const borne = (gpus: number, ...tolerations: object[]) =>
      podOf(build(attemptOf({ placement: { gpus, tolerations } }))).tolerations
    assert.equal(borne(0), undefined)
    assert.deepEqual(borne(1), [own])
    assert.deepEqual(borne(1, own), [own])
    assert.deepEqual(borne(1, any), [any])
    assert.deepEqual(borne(1, valued), [valued, own])
    assert.deepEqual(borne(1, { ...own, effect: 'NoExecute' }), [{ ...own, effect: 'NoExecute' }, own])
  })

  test('is not started by Kubernetes before Kueue says so, where a queue is named', () => {
    const job = build(attemptOf({ placement: { queueName: 'training' } }))
    assert.equal(job.spec?.suspend, true)
    assert.equal(job.metadata?.labels?.[labels.queue], 'training')
    assert.equal(build(attemptOf()).spec?.suspend, undefined)
  })
})

describe('a Job that is there under the name of an attempt', () => {
  const attempt = attemptOf()
  const there = build(attempt)
  const sameWork: [string, Partial<AttemptToStart>][] = [
    ['the address of the run API', { runApiUrl: 'http://other' }],
    ['the token', { token: 'other' }],
    ['the trace', { traceparent: '00-00000000000000000000000000000001-0000000000000001-01' }],
  ]
  for (const [what, change] of sameWork) {
    test(`is the same work when only ${what} differs`, () => {
      assert.equal(isSameWork(there, { ...attempt, ...change }), true)
    })
  }

  test('is the same work after a new configuration of the launcher and when it comes back from the API server', () => {
    const other = buildJob(attempt, { namespace: 'trainyard', runnerImage: 'newer', runnerPullPolicy: 'Always' })
    const returned: V1Job = { ...other, status: { active: 1 }, metadata: { ...other.metadata, uid: 'u' } }
    assert.equal(isSameWork(returned, attempt), true)
  })

  const otherWork: [string, AttemptToStart][] = [
    ['name', { ...attempt, name: AttemptName.parse('run-abcdefghij-2') }],
    ['run', { ...attempt, run: RunId.parse('run-bbbbbbbbbb') }],
    ['bot', { ...attempt, bot: BotId.parse('other') }],
    ['kind', { ...attempt, kind: 'predict' }],
    ['generation', { ...attempt, generation: 13 }],
    ['specification', attemptOf({ placement: { gpus: 1 } })],
    ['deadline', { ...attempt, deadlineMs: 1 }],
  ]
  for (const [what, other] of otherWork) {
    test(`is other work when the ${what} differs`, () => assert.equal(isSameWork(there, other), false))
  }

  test('is other work when it is not ours', () => {
    assert.equal(isSameWork({ metadata: { name: attempt.name } }, attempt), false)
  })
})

/** So that a change to what was handed in would throw. */
function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
