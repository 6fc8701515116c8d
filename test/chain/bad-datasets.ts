/** Datasets that nobody can use, and places that none may be fetched from, each with what must be said of it. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { datasetOf } from './bot.ts'

type Case<Content> = readonly [what: string, content: Content, said: RegExp]

const row = (text: string, intent: string, more = {}) => `${JSON.stringify({ text, intent, ...more })}\n`
/** 60 lines, so that what is wrong with one more is wrong on line 61. */
export const good = datasetOf('good', 3, 20)
export const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Whatever the way they come, the words are the same. */
export const unusableDatasets: readonly Case<string | Buffer>[] = [
  ['that is empty', '', /empty: expected one JSON object a line/],
  ['of one intent only', row('hello', 'greeting') + row('hi', 'greeting'), /one intent only: expected two or more/],
  ['with a broken line', `${good}{"text": \n${good}`, /line 61: not JSON/],
  [
    'with a line that lacks its intent',
    `${good}{"text": "hello"}\n`,
    /line 61: intent: expected an intent of 1 to 200/,
  ],
  ['that is too large', row('x'.repeat(1_000), 'a').repeat(1_100), /more than 1048576 bytes/],
  ['with too many rows', row('x', 'a').repeat(5_001), /line 5001: more than 5000 rows/],
  ['that is not UTF-8', Buffer.concat([Buffer.from(good), Buffer.from([0x22, 0xff, 0x0a])]), /line 61: not UTF-8/],
  ['with NUL in a text', `${good}${row('a\0b', 'a')}`, /line 61: text: holds NUL/],
  ['with half of a character', `${good}{"text": "\\ud800", "intent": "a"}\n`, /line 61: text: holds NUL or half of/],
  [
    'with a text on both sides of the split',
    row('Good  morning', 'a', { split: 'train' }) + row('b', 'b') + row('good morning', 'a', { split: 'held-out' }),
    /line 3: split: "held-out", and the same text is "train" on line 1/,
  ],
]

export interface Site {
  readonly url: string
  /** The paths that were asked for. */
  readonly asked: readonly string[]
}

/** A web server that datasets are fetched from. Below /open/ it may be asked, below /closed/ it must never be. */
export async function startSite(t: Ending): Promise<Site> {
  const asked: string[] = []
  const redirects = new Map<string, string>()
  const server = createServer(({ url: path = '' }, response) => {
    asked.push(path)
    const target = redirects.get(path)
    if (target !== undefined) response.writeHead(302, { location: target }).end()
    else if (path === '/open/good.jsonl') response.end(good)
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  cleanup(t, () => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const url = `http://127.0.0.1:${port}`
  redirects.set('/open/to-loopback', `${url}/closed/secret.jsonl`)
  redirects.set('/open/to-name-of-loopback', `http://localhost:${port}/closed/secret.jsonl`)
  redirects.set('/open/to-metadata', 'http://169.254.169.254/latest/meta-data')
  redirects.set('/open/to-file', 'file:///etc/passwd')
  redirects.set('/open/to-elsewhere', 'http://192.0.2.1/elsewhere.jsonl')
  redirects.set('/open/in-circles', `${url}/open/in-circles`)
  return { url, asked }
}

/** The folder and the site as sources: closed parts are listed too, and so kept from by their addresses alone. */
export function sourcesOf(site: string): string {
  const { port } = new URL(site)
  return `datasetSources:
  - { folder: ./datasets }
  - { prefix: '${site}/open/', allowPrivateAddresses: true }
  - { prefix: '${site}/closed/' }
  - { prefix: 'http://localhost:${port}/closed/' }
  - { prefix: 'http://[::ffff:127.0.0.1]:${port}/closed/' }
  - { prefix: 'http://169.254.169.254/', allowPrivateAddresses: true }
limits: { datasetMiB: 1, datasetRows: 5000 }`
}

/** What events may name and nobody can have or use. The files that some of them lead to are made in `directory`. */
export async function badReferences(directory: string, site: string): Promise<readonly Case<string>[]> {
  const folder = join(directory, 'datasets')
  const { port } = new URL(site)
  const file = (...path: string[]) => pathToFileURL(join(...path)).href
  await mkdir(join(folder, 'folder'), { recursive: true })
  await writeFile(join(directory, 'outside.jsonl'), good)
  await writeFile(join(folder, 'other.jsonl'), datasetOf('other'))
  await symlink(join(directory, 'outside.jsonl'), join(folder, 'link.jsonl'))
  await symlink(directory, join(folder, 'folder-link'))
  const unusable = unusableDatasets.map(async ([what, content, said], index): Promise<Case<string>> => {
    const path = join(folder, `${index}.jsonl`)
    await writeFile(path, content)
    return [what, file(path), said]
  })

  const outside = /does not lie below a folder of datasetSources in trainyard.yaml/
  const loopback = /is a loopback or private address, and its datasetSources entry does not say allowPrivateAddresses/
  const linkLocal = /169\.254\.169\.254 is a link-local or reserved address; no dataset is fetched from there/
  const unlisted = /no prefix in datasetSources of trainyard.yaml allows it/
  return [
    ...(await Promise.all(unusable)),
    ['that is no file', file(folder, 'missing.jsonl'), /there is no file .*missing\.jsonl/],
    ['that is a folder', file(folder, 'folder'), /is not a regular file/],
    ['that is not on the web', `${site}/open/missing.jsonl`, /missing\.jsonl answered with status 404/],
    [
      'that was never posted',
      `dataset:${digestOf('')}`,
      /is not stored here: add it first, with "trainyard datasets add"/,
    ],
    [
      'of another digest than the event says',
      file(folder, 'other.jsonl'),
      /has the digest sha256:.*, and the event says/,
    ],
    ['that is no URI', 'the newest one', /it is no URI/],
    ['of a scheme that nobody reads', 'ftp://example.com/a', /only dataset:, file:, http: and https: can be read/],
    ['in a file outside the folder', file(directory, 'outside.jsonl'), outside],
    ['in a file above the folder', `${file(folder)}/../outside.jsonl`, outside],
    ['behind a link out of the folder', file(folder, 'link.jsonl'), outside],
    ['behind a linked folder', file(folder, 'folder-link', 'outside.jsonl'), outside],
    ['on an unlisted host', 'https://example.com/a.jsonl', unlisted],
    ['beside a listed prefix', `${site}/opened.jsonl`, unlisted],
    ['above a listed prefix', `${site}/open/../above.jsonl`, unlisted],
    ['behind an encoded slash', `${site}/open/..%2fclosed/a.jsonl`, /encoded slash, backslash or dot/],
    ['with a password in its URI', `http://user:secret@127.0.0.1:${port}/open/good.jsonl`, /it holds credentials/],
    ['on a loopback address', `${site}/closed/secret.jsonl`, loopback],
    ['on a name of loopback', `http://localhost:${port}/closed/secret.jsonl`, loopback],
    ['on a loopback address in IPv6', `http://[::ffff:127.0.0.1]:${port}/closed/secret.jsonl`, loopback],
    ['on a link-local address', 'http://169.254.169.254/latest/meta-data', linkLocal],
    ['that redirects to a loopback address', `${site}/open/to-loopback`, loopback],
    ['that redirects to a name of loopback', `${site}/open/to-name-of-loopback`, loopback],
    ['that redirects to a link-local address', `${site}/open/to-metadata`, linkLocal],
    ['that redirects to a file', `${site}/open/to-file`, /redirects: file:\/\/\/etc\/passwd is not on the web/],
    ['that redirects to an unlisted host', `${site}/open/to-elsewhere`, unlisted],
    ['that redirects in circles', `${site}/open/in-circles`, /redirects more than 5 times/],
  ]
}
