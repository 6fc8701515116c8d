import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fetchWeb, type WebLimits } from '../../../services/intake/fetch/http.ts'
import { serve } from '../web.ts'

const limits: WebLimits = { redirects: 3, idleMs: 200, totalMs: 2_000 }

async function read(uri: string, prefixes: { prefix: string; allowPrivateAddresses: boolean }[]): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of fetchWeb(uri, prefixes, new AbortController().signal, limits)) parts.push(part)
  return Buffer.concat(parts).toString()
}

const allowed = (prefix: string, allowPrivateAddresses = true) => [{ prefix: `${prefix}/`, allowPrivateAddresses }]

describe('fetching over HTTP', () => {
  test('reads what the allow-list allows, also behind a redirect that stays inside', async (t) => {
    const url = await serve(t, ({ url: path }, response) => {
      if (path === '/data') response.end('content')
      else response.writeHead(302, { location: '/data' }).end()
    })
    assert.equal(await read(`${url}/data`, allowed(url)), 'content')
    assert.equal(await read(`${url}/elsewhere`, allowed(url)), 'content')
  })

  test('an answer that Node takes for none, as of another protocol, ends the fetch', async (t) => {
    const url = await serve(t, ({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n')
    })
    await assert.rejects(read(`${url}/data`, allowed(url)), {
      code: 'unavailable',
      message: /closed the connection without an answer/,
    })
  })

  test('refuses loopback and private addresses, by number and by name, where they are not allowed', async (t) => {
    const url = await serve(t, (_request, response) => response.end('content'))
    const byName = url.replace('127.0.0.1', 'localhost')
    for (const uri of [url, byName])
      await assert.rejects(read(`${uri}/data`, allowed(uri, false)), {
        code: 'badInput',
        message: /loopback or private address, and its datasetSources entry does not say allowPrivateAddresses/,
      })
    assert.equal(await read(`${byName}/data`, allowed(byName)), 'content')
  })

  test('refuses link-local addresses whatever is allowed', async () => {
    for (const uri of [
      'http://169.254.169.254',
      'http://[fe80::1]',
      'http://0.0.0.0',
      'http://[::ffff:169.254.169.254]',
    ])
      await assert.rejects(read(`${uri}/latest/meta-data`, allowed(uri)), {
        code: 'badInput',
        message: /link-local or reserved address/,
      })
  })

  test('refuses a redirect to where it would not have gone by itself', async (t) => {
    const inner = await serve(t, (_request, response) => response.end('secret'))
    const targets: Record<string, string> = {
      '/other-port': `${inner}/`,
      '/link-local': 'http://169.254.169.254/latest',
      '/file': 'file:///etc/passwd',
      '/outside': '/private/data',
    }
    const url = await serve(t, ({ url: path = '' }, response) => {
      response.writeHead(302, { location: targets[path.slice('/public'.length)] ?? '/' }).end()
    })
    for (const path of Object.keys(targets))
      await assert.rejects(read(`${url}/public${path}`, allowed(`${url}/public`)), {
        code: 'badInput',
        message: /redirects/,
      })
  })

  test('a redirect to a loopback address is refused although its prefix is allowed', async (t) => {
    const inner = await serve(t, (_request, response) => response.end('secret'))
    const url = await serve(t, (_request, response) => response.writeHead(302, { location: `${inner}/data` }).end())
    const sources = [...allowed(url), ...allowed(inner, false)]
    await assert.rejects(read(`${url}/data`, sources), { code: 'badInput', message: /loopback or private/ })
  })

  test('gives up on redirects that never end, and on ones that lead nowhere', async (t) => {
    const url = await serve(t, ({ url: path }, response) => {
      response.writeHead(302, path === '/nowhere' ? {} : { location: '/again' }).end()
    })
    await assert.rejects(read(`${url}/again`, allowed(url)), {
      code: 'badInput',
      message: /redirects more than 3 times/,
    })
    await assert.rejects(read(`${url}/nowhere`, allowed(url)), { code: 'badInput', message: /redirects to nowhere/ })
  })

  test('tells what may pass from what will not', async (t) => {
    const url = await serve(t, ({ url: path = '' }, response) => response.writeHead(Number(path.slice(1))).end())
    for (const [status, code] of [
      [404, 'badInput'],
      [403, 'badInput'],
      [500, 'unavailable'],
      [503, 'unavailable'],
      [429, 'unavailable'],
    ] as const)
      await assert.rejects(read(`${url}/${status}`, allowed(url)), { code, message: new RegExp(`status ${status}`) })
    await assert.rejects(read('http://127.0.0.1:1/data', allowed('http://127.0.0.1:1')), { code: 'unavailable' })
  })

  test('time counts while the source is waited for, and not while its bytes wait to be taken', async (t) => {
    const url = await serve(t, (_request, response) => response.end(Buffer.alloc(4 * 1024 * 1024)))
    const short = { redirects: 0, idleMs: 1_000, totalMs: 1_000 }
    let bytes = 0
    for await (const chunk of fetchWeb(`${url}/data`, allowed(url), new AbortController().signal, short)) {
      if (bytes === 0) await pause(1_500)
      bytes += chunk.byteLength
    }
    assert.equal(bytes, 4 * 1024 * 1024)
  })

  test('a server that falls silent in the middle, or goes on for ever, is given up', async (t) => {
    const url = await serve(t, ({ url: path }, response) => {
      response.write('some')
      if (path !== '/drip') return
      const dripping = setInterval(() => response.write('drip'), 50)
      response.once('close', () => clearInterval(dripping))
    })
    await assert.rejects(read(`${url}/quiet`, allowed(url)), { code: 'unavailable', message: /was silent for 200 ms/ })
    await assert.rejects(read(`${url}/drip`, allowed(url)), { code: 'unavailable', message: /took too long/ })
  })

  test('a server that is silent, breaks off or answers compressed is an answer, not a hang', async (t) => {
    const url = await serve(t, ({ url: path }, response) => {
      if (path === '/silent') return
      if (path === '/compressed') response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
      else {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half')
        setImmediate(() => response.destroy())
      }
    })
    await assert.rejects(read(`${url}/silent`, allowed(url)), { code: 'unavailable', message: /was silent for 200 ms/ })
    await assert.rejects(read(`${url}/half`, allowed(url)), { code: 'unavailable' })
    await assert.rejects(read(`${url}/compressed`, allowed(url)), { code: 'badInput', message: /gzip/ })
  })
})
