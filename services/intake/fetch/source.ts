import type { DatasetSource } from '../../../schemas/configuration.ts'
import { badInput } from '../../kit/errors.ts'
import { fetchFile } from './file.ts'
import { fetchWeb } from './http.ts'
import { locate } from './sources.ts'

/**
 * The bytes of a dataset from wherever its URI allows. What is stored already is not read by this way.
 * @throws badInput when another try would not help, unavailable when it may
 */
export function openSource(
  uri: string,
  sources: readonly DatasetSource[],
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const location = locate(uri, sources)
  switch (location.kind) {
    case 'web':
      return fetchWeb(uri, sources, signal)
    case 'file':
      return fetchFile(location.path, location.folders)
    case 'refused':
      throw badInput(location.reason)
    case 'stored':
      throw badInput(`the dataset ${location.digest} is not stored here`)
  }
}
