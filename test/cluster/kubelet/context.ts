import type { Client } from '../client.ts'
import type { Mount } from './container-process.ts'
import type { Place } from './fields.ts'
import type { Images } from './images.ts'

/** What all pods of a kubelet share. */
export interface KubeletContext {
  readonly client: Client
  readonly place: Place
  /** Where it keeps its pods' files. */
  readonly directory: string
  readonly images: Images
  /** What every image has beside the machine's own files. */
  readonly mounts: readonly Mount[]
  /** What every container finds in its environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly startDelayMs: () => number
  /** Runtime classes that the node cannot run. */
  readonly missingRuntimes: ReadonlySet<string>
  /** Whether the API server hears of us. */
  readonly connected: () => boolean
  /** Aborted when the test is over: what could not be said by then is not said. */
  readonly closed: AbortSignal
}
