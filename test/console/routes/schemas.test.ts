import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { committedCodec } from '../../../schemas/codec.ts'
import { foreignReader } from '../../../schemas/foreign-avro.ts'
import { readRegistry, schemaRegistryType, subjectOf } from '../../../schemas/registry.ts'
import { console } from '../../../services/console/main.ts'
import { testKit } from '../../harness/kit.ts'
import { given } from '../given.ts'

const subject = 'dev.trainyard.v1.ModelReady'

async function registry(t: TestContext, variables: Record<string, string> = {}) {
  const kit = await testKit(t, console, { variables })
  return async (url: string, body?: object, headers: Record<string, string> = {}) => {
    const response = await kit.inject({
      method: body === undefined ? 'GET' : 'POST',
      url,
      headers: { host: 'localhost', 'content-type': schemaRegistryType, ...headers },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    return { status: response.statusCode, type: response.headers['content-type'], body: response.json() }
  }
}

test('a deserialiser that knows nothing but the id in the bytes finds the schema and reads the event', async (t) => {
  const ask = await registry(t)
  const data = given({ letter: 'a' })('model.ready').data
  const bytes = committedCodec.encode('model.ready', data)
  const { status, type, body } = await ask(`/schemas/ids/${bytes.readInt32BE(1)}?fetchMaxId=false&subject=${subject}`)
  assert.equal(status, 200)
  assert.match(String(type), /^application\/vnd\.schemaregistry\.v1\+json/)
  assert.deepEqual(foreignReader(body.schema).read(bytes.subarray(5)), data)
})

test('every committed schema is found by its id, its subject and version, and by its text', async (t) => {
  const ask = await registry(t)
  assert.deepEqual((await ask('/schemas/types')).body, ['AVRO'])
  const subjects = (await ask('/subjects')).body
  for (const { id, version, schema } of readRegistry()) {
    const name = subjectOf(schema)
    assert.ok(subjects.includes(name))
    assert.deepEqual((await ask(`/schemas/ids/${id}/versions`)).body, [{ subject: name, version }])
    assert.ok((await ask(`/subjects/${name}/versions`)).body.includes(version))
    const one = await ask(`/subjects/${name}/versions/${version}`)
    assert.deepEqual(one.body, { subject: name, version, id, schema: JSON.stringify(schema) })
    assert.deepEqual((await ask(`/subjects/${name}`, { schema: JSON.stringify(schema) })).body, one.body)
  }
  assert.equal((await ask(`/subjects/${subject}/versions/latest`)).status, 200)
})

const faults: readonly (readonly [url: string, status: number, errorCode: number, body?: object])[] = [
  ['/schemas/ids/999', 404, 40403],
  ['/schemas/ids/x', 404, 40403],
  ['/subjects/nobody/versions', 404, 40401],
  ['/subjects/nobody/versions/1', 404, 40401],
  [`/subjects/${subject}/versions/999`, 404, 40402],
  [`/subjects/${subject}/versions/newest`, 422, 42202],
  ['/subjects/nobody', 404, 40401, { schema: '"string"' }],
  [`/subjects/${subject}`, 404, 40403, { schema: '"string"' }],
  [`/subjects/${subject}`, 422, 42201, { schema: '{' }],
  [`/subjects/${subject}`, 422, 42201, { schema: `${'['.repeat(20_000)}${']'.repeat(20_000)}` }],
]

test('faults have the codes that the registry clients know', async (t) => {
  const ask = await registry(t)
  for (const [url, status, errorCode, body] of faults) {
    const answer = await ask(url, body)
    assert.equal(answer.status, status, url)
    assert.equal(answer.body.error_code, errorCode, url)
    assert.match(String(answer.type), /schemaregistry/, url)
  }
})

test('a schema that is much larger than any of ours is not read', async (t) => {
  const { status, body } = await (await registry(t))(`/subjects/${subject}`, { schema: ' '.repeat(64 * 1024) })
  assert.deepEqual([status, body.error.message], [413, 'the body is larger than 65536 bytes'])
})

test('with an API token the schemas can be read all the same: they hold no secret, and stock deserialisers know no token', async (t) => {
  const ask = await registry(t, { TRAINYARD_API_TOKEN: 'a-secret-of-sixteen' })
  assert.equal((await ask('/subjects')).status, 200)
  assert.equal((await ask('/schemas/ids/1')).status, 200)
})

test('with a schema registry of its own the platform asks that one: the committed ids would mislead', async (t) => {
  const ask = await registry(t, { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' })
  assert.equal((await ask('/subjects')).status, 404)
})
