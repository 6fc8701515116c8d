/** A control plane, a node and a pod that writes and writes, left to themselves by whoever kills this process. */
import { startControlPlane } from '../control-plane.ts'
import { createJob } from '../jobs.ts'
import { makeNamespace } from '../namespaces.ts'
import { startKubelet } from './kubelet.ts'

const [folder] = process.argv.slice(2)
const forgetful = { after() {} }
const controlPlane = await startControlPlane()
process.stdout.write(controlPlane.directory)
const namespace = await makeNamespace(forgetful, controlPlane)
await startKubelet(forgetful, controlPlane, { namespace })
await createJob(controlPlane, namespace, {
  name: 'orphan',
  container: {
    // The one that writes has left the session and the group of the container's first process.
    command: ['sh', '-c', 'setsid sh -c "while :; do date +%N > /shared/alive; sleep 0.05; done" & sleep 1000'],
    volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
  },
  pod: { volumes: [{ name: 'shared', hostPath: { path: folder } }] },
})
setInterval(() => {}, 60_000)
