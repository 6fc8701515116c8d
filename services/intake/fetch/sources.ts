/**
 * Which URIs datasets may come from: the allow-list of `datasetSources`, applied to a URI as it was given and again to
 * every redirect. Pure; what needs the file system or name resolution comes on top, in `file.ts` and `http.ts`.
 */
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetSource } from '../../../schemas/configuration.ts'
import { Digest } from '../../../schemas/words.ts'

export type Location =
  | { readonly kind: 'stored'; readonly digest: Digest }
  | { readonly kind: 'file'; readonly path: string; readonly folders: readonly string[] }
  | { readonly kind: 'web'; readonly url: URL; readonly allowPrivateAddresses: boolean }
  | { readonly kind: 'refused'; readonly reason: string }

const storedPrefix = 'dataset:'
const readable = new Set([storedPrefix, 'file:', 'http:', 'https:'])

export function datasetUri(digest: Digest): string {
  return `${storedPrefix}${digest}`
}

/** Where a URI leads, or why nobody will go there. */
export function locate(uri: string, sources: readonly DatasetSource[]): Location {
  if (uri.startsWith(storedPrefix)) {
    const digest = Digest.safeParse(uri.slice(storedPrefix.length))
    return digest.success
      ? { kind: 'stored', digest: digest.data }
      : refused(uri, `expected ${storedPrefix}sha256: and 64 hexadecimal digits`)
  }
  if (!URL.canParse(uri)) return refused(uri, 'it is no URI')
  const url = new URL(uri)
  if (url.protocol === 'file:') return locateFile(uri, url, sources)
  if (url.protocol === 'http:' || url.protocol === 'https:') return locateWeb(uri, url, sources)
  return refused(uri, 'only dataset:, file:, http: and https: can be read')
}

function locateFile(uri: string, url: URL, sources: readonly DatasetSource[]): Location {
  const folders = sources.flatMap((source) => ('folder' in source ? [source.folder] : []))
  if (folders.length === 0) return refused(uri, 'datasetSources in trainyard.yaml names no folder')
  if (url.host !== '' || url.search !== '' || url.hash !== '') return refused(uri, 'expected file:///absolute/path')
  const path = pathOf(url)
  if (path === undefined || !isAbsolute(path) || path.includes('\0')) return refused(uri, 'it names no path')
  return { kind: 'file', path, folders }
}

/** Undefined where the URL cannot be a path, as with an encoded slash. */
function pathOf(url: URL): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

function locateWeb(uri: string, url: URL, sources: readonly DatasetSource[]): Location {
  if (url.username !== '' || url.password !== '') return refused(uri, 'it holds credentials')
  // A server may decode these after our comparison, and be led out of the prefix.
  if (/%2f|%5c|%2e/i.test(url.pathname)) return refused(uri, 'its path holds an encoded slash, backslash or dot')
  const matching = sources.filter((source) => 'prefix' in source && isBelow(url, source.prefix))
  if (matching.length === 0) return refused(uri, 'no prefix in datasetSources of trainyard.yaml allows it')
  const allowPrivateAddresses = matching.some((source) => 'prefix' in source && source.allowPrivateAddresses)
  return { kind: 'web', url, allowPrivateAddresses }
}

/** By whole path segments: `https://host/data` allows `https://host/data/x` and not `https://host/database`. */
function isBelow(url: URL, prefix: string): boolean {
  if (!URL.canParse(prefix)) return false
  const allowed = new URL(prefix)
  if (url.origin !== allowed.origin || !url.pathname.startsWith(allowed.pathname)) return false
  const next = url.pathname.slice(allowed.pathname.length, allowed.pathname.length + 1)
  return allowed.pathname.endsWith('/') || next === '' || next === '/'
}

function refused(uri: string, reason: string): Location {
  return { kind: 'refused', reason: `the dataset ${shown(uri)} is not allowed: ${reason}` }
}

/**
 * What may be told of a URI, to anybody. Queries may carry signatures that give access; and what stands before an @ is a
 * password, unless it is a URI where it is none.
 */
export function bare(uri: string): string {
  const parsed = URL.parse(uri)
  const isOpen = parsed !== null && readable.has(parsed.protocol) && `${parsed.username}${parsed.password}` === ''
  const at = isOpen ? -1 : uri.lastIndexOf('@')
  const scheme = /^[a-z][a-z0-9+.-]*:(\/\/)?/i.exec(uri)?.[0] ?? ''
  const open = at < 0 ? uri : `${scheme}…${uri.slice(at)}`
  return open.split(/[?#]/, 1)[0] ?? ''
}

export function shown(uri: string): string {
  const text = bare(uri)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
