import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { topicNames } from '../../../schemas/topics.ts'
import { console } from '../../../services/console/main.ts'
import { parseEnvironment } from '../../../services/kit/environment.ts'
import { openLog } from '../../../services/kit/log.ts'
import { startServices } from '../../../services/kit/run.ts'
import { trainyard } from '../../cli/server.ts'
import { testDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'
import { sharedBroker } from '../broker/shared.ts'
import { uniqueName, withAdmin } from '../broker/topics.ts'

const { ConfigResourceTypes } = kafkajs

async function variablesOf(more: Record<string, string> = {}) {
  const brokers = await sharedBroker()
  return {
    KAFKA_BROKERS: brokers.join(),
    KAFKA_PREFIX: `${uniqueName('topics')}.`,
    KAFKA_TOPIC_PARTITIONS: '2',
    ...more,
  }
}

async function plan(variables: Record<string, string>): Promise<string[]> {
  const { exitCode, out, err } = await trainyard(['topics', 'plan', '--json'], variables)
  assert.equal(exitCode, 0, err)
  const { differences } = JSON.parse(out) as { differences: { difference: string }[] }
  return differences.map(({ difference }) => difference)
}

test('plan says what is missing and makes nothing; apply makes it, and then there is nothing to do', async () => {
  const variables = await variablesOf()
  const prefix = variables.KAFKA_PREFIX
  const missing = topicNames.map((topic) => `${prefix}${topic} is missing`)
  const named = async () => (await plan(variables)).map((line) => line.split(',')[0])
  assert.deepEqual(await named(), missing)
  assert.deepEqual(await named(), missing)
  const applied = await trainyard(['topics', 'apply'], variables)
  assert.equal(applied.exitCode, 0, applied.err)
  assert.match(applied.out, /^Mended:/)
  assert.deepEqual(await plan(variables), [])
  assert.match((await trainyard(['topics', 'apply'], variables)).out, /nothing to mend/)
})

test('a setting that is wrong is put right, and what else somebody has set there stays', async () => {
  const variables = await variablesOf()
  await trainyard(['topics', 'apply'], variables)
  const name = `${variables.KAFKA_PREFIX}trainyard.champions`
  const resource = { type: ConfigResourceTypes.TOPIC, name }
  const configEntries = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'segment.bytes', value: '104857600' },
  ]
  const brokers = await sharedBroker()
  await withAdmin(brokers, (admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] }),
  )
  // The broker that is asked may not have heard of it yet.
  await eventually(async () => (await plan(variables)).length > 0)
  assert.deepEqual(await plan(variables), [`${name} has cleanup.policy = delete, and needs compact`])
  assert.equal((await trainyard(['topics', 'apply'], variables)).exitCode, 0)
  assert.deepEqual(await plan(variables), [])
  const { resources } = await withAdmin(brokers, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ ...resource, configNames: ['segment.bytes'] }] }),
  )
  assert.equal(resources[0]?.configEntries[0]?.configValue, '104857600')
})

test('partitions are added only when told to; what no program can mend is left, with the way out', async () => {
  const variables = await variablesOf()
  await trainyard(['topics', 'apply'], variables)
  const wider = { ...variables, KAFKA_TOPIC_PARTITIONS: '3' }
  const refused = await trainyard(['topics', 'apply'], wider)
  assert.equal(refused.exitCode, 1)
  assert.match(
    refused.err,
    /7 differences left\. Add partitions with --add-partitions, or set KAFKA_TOPIC_PARTITIONS lower\./,
  )
  assert.equal((await trainyard(['topics', 'apply', '--add-partitions'], wider)).exitCode, 0)
  assert.deepEqual(await plan(wider), [])
  // More than is asked for does no harm.
  assert.deepEqual(await plan(variables), [])

  const copies = await trainyard(['topics', 'apply'], { ...variables, KAFKA_TOPIC_REPLICATION: '3' })
  assert.equal(copies.exitCode, 1)
  assert.match(copies.out, /lies on 1 of the brokers, and KAFKA_TOPIC_REPLICATION asks for 3/)
  assert.match(copies.err, /kafka-reassign-partitions/)
})

test('no service starts on topics that are missing or wrong: it says each difference, and the command', async (t) => {
  const variables = await variablesOf()
  const { url } = await testDatabase(t, [])
  const environment = parseEnvironment({ ...variables, DATABASE_URL: url, TRAINYARD_PORT: '0' })
  await assert.rejects(startServices([console], environment, { log: openLog('silent'), exit: () => {} }), {
    message: /trainyard\.requests is missing, and needs .*\n.*trainyard\.runs is missing/,
    hint: /trainyard topics apply/,
  })
})
