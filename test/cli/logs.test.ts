import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { cleanup } from '../harness/cleanup.ts'
import { trainyard } from './server.ts'

/** Answers the n-th request in the n-th way. */
async function logServer(t: TestContext, ...ways: readonly ((response: ServerResponse) => void)[]): Promise<string> {
  let request = 0
  const server = createServer((_request, response) => ways[request++]?.(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const cutOff = (text: string) => (response: ServerResponse) => response.write(text, () => response.destroy())

test('a follower that loses the server goes on where it was, and prints nothing twice', async (t) => {
  const url = await logServer(t, cutOff('one\ntw'), (response) => response.end('one\ntwo\nthree\n'))
  const { exitCode, out } = await trainyard(['logs', 'run-aaaaaaaaaa', '--follow', '--url', url])
  assert.deepEqual([exitCode, out], [0, 'one\ntwo\nthree\n'])
})

test('a follower that is cut off before anything was written asks again', async (t) => {
  const cutSilently = (response: ServerResponse) => {
    response.writeHead(200)
    response.flushHeaders()
    // Ends the connection once the headers are sent, without the chunk that would end the answer.
    response.socket?.end()
  }
  const url = await logServer(t, cutSilently, (response) => response.end('one\n'))
  const { exitCode, out } = await trainyard(['logs', 'run-aaaaaaaaaa', '--follow', '--url', url])
  assert.deepEqual([exitCode, out], [0, 'one\n'])
})

test('without --follow a lost server is an error, after what came', async (t) => {
  const url = await logServer(t, cutOff('one\n'))
  const { exitCode, out, err } = await trainyard(['logs', 'run-aaaaaaaaaa', '--url', url])
  assert.deepEqual([exitCode, out], [1, 'one\n'])
  assert.match(err, /^trainyard: the server does not answer/)
})

test('an empty log is said to be empty, beside what is printed', async (t) => {
  const empty = (response: ServerResponse) => response.end()
  const url = await logServer(t, empty, empty)
  const err = 'There is nothing in the log of run-aaaaaaaaaa. What became of it: trainyard run run-aaaaaaaaaa\n'
  for (const words of [[], ['--json']]) {
    assert.deepEqual(await trainyard(['logs', 'run-aaaaaaaaaa', ...words, '--url', url]), { exitCode: 0, out: '', err })
  }
})

test('--json gives a line each, however the bytes are cut', async (t) => {
  const url = await logServer(t, (response) => {
    response.write(Buffer.from('erste Zeile\nzwölf').subarray(0, 15), () =>
      response.end(Buffer.from('erste Zeile\nzwölf').subarray(15)),
    )
  })
  const { out } = await trainyard(['logs', 'run-aaaaaaaaaa', '--json', '--url', url])
  assert.deepEqual(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ line: 'erste Zeile' }, { line: 'zwölf' }],
  )
})
