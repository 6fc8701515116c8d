import type { ApiObject, Condition } from './objects.ts'

export interface Pod extends ApiObject {
  readonly spec: PodSpec
  readonly status: PodStatus
}

export interface PodSpec {
  readonly nodeName?: string
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly serviceAccountName?: string
  readonly runtimeClassName?: string
  readonly activeDeadlineSeconds?: number
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext?: SecurityContext
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvironmentVariable[]
  readonly envFrom?: readonly EnvironmentSource[]
  readonly workingDir?: string
  readonly volumeMounts?: readonly VolumeMount[]
  /** An init container that is restarted always is a sidecar: it stays while the others run. */
  readonly restartPolicy?: 'Always'
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  readonly securityContext?: SecurityContext
}

export interface SecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly readOnlyRootFilesystem?: boolean
}

export interface KeyReference {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}

export interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: KeyReference
    readonly configMapKeyRef?: KeyReference
  }
}

export interface EnvironmentSource {
  readonly prefix?: string
  readonly secretRef?: { readonly name: string; readonly optional?: boolean }
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly readOnly?: boolean
}

export interface Item {
  readonly key: string
  readonly path: string
}

interface Selection {
  readonly defaultMode?: number
  readonly items?: readonly Item[]
  readonly optional?: boolean
}

/** One of these, by the key that is there. */
export interface VolumeSource {
  readonly emptyDir?: object
  readonly hostPath?: { readonly path: string }
  readonly configMap?: Selection & { readonly name: string }
  readonly secret?: Selection & { readonly secretName: string }
  readonly projected?: { readonly sources: readonly ProjectedSource[]; readonly defaultMode?: number }
}

export interface ProjectedSource {
  readonly configMap?: Selection & { readonly name: string }
  readonly secret?: Selection & { readonly name: string }
  readonly downwardAPI?: { readonly items: readonly { path: string; fieldRef?: { fieldPath: string } }[] }
  readonly serviceAccountToken?: {
    readonly path: string
    readonly audience?: string
    readonly expirationSeconds?: number
  }
}

export interface Volume extends VolumeSource {
  readonly name: string
}

export interface PodStatus {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly reason?: string
  readonly message?: string
  readonly conditions?: readonly Condition[]
  readonly startTime?: string
  readonly hostIP?: string
  readonly podIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly observedGeneration?: number
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly containerStatuses?: readonly ContainerStatus[]
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
  readonly state: ContainerState
  readonly lastState?: ContainerState
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: string }
  readonly terminated?: Terminated
}

export interface Terminated {
  readonly exitCode: number
  readonly signal?: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: string
  readonly finishedAt: string
}
