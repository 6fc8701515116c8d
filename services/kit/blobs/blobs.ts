import type { Digest } from '../../../schemas/words.ts'
import type { Queryable } from '../store/database.ts'

/** Bytes kept under their SHA-256: what is stored never changes, and storing it twice is storing it once. */
export interface Blobs {
  /**
   * @throws badInput when the bytes are not `expected`, tooLarge beyond `maximumBytes`; then nothing is kept
   */
  put(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly expected?: Digest; readonly maximumBytes?: number },
  ): Promise<{ digest: Digest; bytes: number }>
  /**
   * The bytes in pieces. `start` is the first byte, `end` the one after the last.
   * @throws notFound when there is no such blob
   */
  get(digest: Digest, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>
  /** The whole, for what is known to be small. @throws tooLarge beyond `maximumBytes` (default 64 MiB) */
  read(digest: Digest, options?: { readonly maximumBytes?: number }): Promise<Buffer>
  /** Its size in bytes, or undefined when there is none. */
  size(digest: Digest): Promise<number | undefined>
  remove(digests: readonly Digest[]): Promise<void>
  /**
   * For whoever is in a transaction: the same on its connection. Where all that hold a connection waited for another one,
   * there would never be one.
   */
  within(transaction: Queryable): Pick<Blobs, 'read' | 'size' | 'remove'>
}
