import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bare, locate, shown } from '../../../services/intake/fetch/sources.ts'

const sources = [
  { prefix: 'https://data.example.com/sets/', allowPrivateAddresses: false },
  { prefix: 'http://10.0.0.1:8080/data', allowPrivateAddresses: true },
  { folder: '/srv/datasets' },
]

const reasonFor = (uri: string, among = sources) => {
  const location = locate(uri, among)
  assert.equal(location.kind, 'refused', uri)
  return location.kind === 'refused' ? location.reason : ''
}

describe('a URI leads only where datasetSources allow', () => {
  test('below a prefix, by whole segments of the path', () => {
    assert.equal(locate('https://data.example.com/sets/a.jsonl', sources).kind, 'web')
    assert.equal(locate('https://DATA.example.com:443/sets/x/../a.jsonl', sources).kind, 'web')
    assert.deepEqual(locate('http://10.0.0.1:8080/data/a', sources), {
      kind: 'web',
      url: new URL('http://10.0.0.1:8080/data/a'),
      allowPrivateAddresses: true,
    })
    for (const uri of [
      'https://data.example.com/other/a.jsonl',
      'https://data.example.com/sets/../secret',
      'https://data.example.com/sets/%2e%2e/secret',
      'https://data.example.com.evil.org/sets/a',
      'https://data.example.com:8443/sets/a',
      'http://data.example.com/sets/a',
      'http://10.0.0.1:8080/database',
    ])
      assert.match(reasonFor(uri), /no prefix in datasetSources/, uri)
  })

  test('never with credentials, encoded separators or another scheme', () => {
    assert.match(reasonFor('https://data.example.com/sets/..%2fsecret'), /encoded slash/)
    assert.match(reasonFor('https://data.example.com/sets/a%5cb'), /encoded slash/)
    const reason = reasonFor('https://user:hunter2@data.example.com/sets/a')
    assert.match(reason, /credentials/)
    assert.ok(!reason.includes('hunter2'))
    for (const uri of [
      's3://key:hunter2@bucket/x',
      'ftp://user:hunter2@host/x',
      'https:user:hunter2@host/x',
      'https://user:hunter2/x@host/x',
      'user:hunter2@host',
      'https://user:hun?hunter2@host/x',
      'https://user:hun#hunter2@host/x',
      'https://data.example.com/sets/%2f?signature=hunter2',
    ])
      assert.ok(!reasonFor(uri).includes('hunter2'), uri)
    for (const uri of ['ftp://data.example.com/a', 'data:,x', 'javascript:1', 'gopher://x/'])
      assert.match(reasonFor(uri), /only dataset:, file:, http: and https:/)
    assert.match(reasonFor('sets/a.jsonl'), /it is no URI/)
    assert.match(reasonFor('dataset:sha256:abc'), /64 hexadecimal digits/)
  })

  test('what is told of one is all but its query, where it holds no credentials', () => {
    for (const [uri, told] of [
      ['https://data.example.com/sets/team@v2/a.jsonl?x=1', 'https://data.example.com/sets/team@v2/a.jsonl'],
      ['file:///data/a@b.jsonl', 'file:///data/a@b.jsonl'],
      ['dataset:sha256:abc', 'dataset:sha256:abc'],
      ['https://ada:secret@data.example.com/a?x', 'https://…@data.example.com/a'],
    ] as const)
      assert.equal(bare(uri), told)
  })

  test('to files only where a folder is named', () => {
    assert.deepEqual(locate('file:///srv/datasets/a.jsonl', sources), {
      kind: 'file',
      path: '/srv/datasets/a.jsonl',
      folders: ['/srv/datasets'],
    })
    assert.match(reasonFor('file:///srv/datasets/a.jsonl', sources.slice(0, 2)), /names no folder/)
    assert.match(reasonFor('file://host/srv/datasets/a.jsonl'), /expected file:/)
    assert.match(reasonFor('file:///srv/datasets/%00'), /names no path/)
  })

  test('and what follows the path, which may hold a signature, is never repeated', () => {
    assert.equal(shown('https://data.example.com/a?signature=secret#x'), 'https://data.example.com/a')
  })
})
