/** The cluster puts a container of its own into every pod, as service meshes do, and that one goes on after the program's end. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { podsOfJob } from '../../../../cluster/jobs.ts'
import { cleanup } from '../../../../harness/cleanup.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { attemptName } from '../../../../runner/run-api.ts'
import { ended } from '../../attempts.ts'
import { listenForHearts } from '../../heart.ts'
import { type KubernetesSubject, kubernetesSubject, podsIn } from '../subject.ts'

const api = '/apis/admissionregistration.k8s.io/v1'
const sidecar = `Object.spec.containers{
  name: "mesh", image: "registry.example.com/mesh:1", command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"],
  securityContext: Object.spec.containers.securityContext{
    allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 1000,
    capabilities: Object.spec.containers.securityContext.capabilities{ drop: ["ALL"] } } }`

/** Adds the container to every pod that is made from now on. */
async function inject(t: TestContext, { cluster: { admin }, namespace }: KubernetesSubject): Promise<void> {
  await admin.create(`${api}/mutatingadmissionpolicies`, {
    metadata: { name: namespace },
    spec: {
      reinvocationPolicy: 'Never',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: `[JSONPatch{ op: "add", path: "/spec/containers/0", value: ${sidecar} }]` },
        },
      ],
    },
  })
  await admin.create(`${api}/mutatingadmissionpolicybindings`, {
    metadata: { name: namespace },
    spec: { policyName: namespace },
  })
  cleanup(t, async () => {
    await admin.remove(`${api}/mutatingadmissionpolicybindings/${namespace}`)
    await admin.remove(`${api}/mutatingadmissionpolicies/${namespace}`)
  })
  const dry = {
    metadata: { name: 'dry' },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'dry',
          image: 'dry',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
  await eventually(
    async () => {
      const { spec } = await admin.create<{ spec: { containers: object[] } }>(`${podsIn(namespace)}?dryRun=All`, dry)
      return spec.containers.length === 2
    },
    { what: 'the policy being in force' },
  )
}

test('an attempt whose program was killed does not hold its GPU for as long as a container that somebody has added', async (t) => {
  const hearts = await listenForHearts(t)
  const subject = await kubernetesSubject(t)
  await inject(t, subject)
  const executor = subject.open()
  await executor.start(await subject.attempt(hearts.beating))
  await hearts.begun()
  const { metadata, spec } = await subject.pod(({ status }) =>
    status.containerStatuses?.every(({ state }) => state.running),
  )
  assert.deepEqual(
    spec.containers.map(({ name }) => name),
    ['mesh', 'program'],
  )
  subject.kubelets[0]?.exhaust(metadata.name, 'program')
  const end = await ended(executor)
  assert.match(end.reason, /^it was killed for using more memory than its placement gives/)
  assert.equal(end.isDisrupted, false)
  const words = (await executor.remarks(attemptName)).map((remark) => remark.words)
  assert.ok(
    words.some((each) => each.endsWith(' with 1 nvidia.com/gpu')),
    words.join('\n'),
  )
  await executor.release(attemptName)
  await eventually(async () => (await podsOfJob(subject.cluster, subject.namespace, attemptName)).length === 0, {
    what: 'the pod being gone, with the container that was added',
  })
  await subject.check?.()
})
