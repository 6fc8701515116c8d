import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimCarrier } from '../../../services/kit/bus/carrier.ts'
import { testDatabase } from '../../harness/database.ts'

test('a database whose events the log carries is not used with Kafka, nor the other way round', async (t) => {
  const onLog = await testDatabase(t, [])
  await claimCarrier(onLog, 'log', '')
  await claimCarrier(onLog, 'log', '')
  await assert.rejects(claimCarrier(onLog, 'kafka', ''), {
    code: 'conflict',
    message: 'the events of this database are carried by the embedded log, and KAFKA_BROKERS is set',
  })

  const onKafka = await testDatabase(t, [])
  await claimCarrier(onKafka, 'kafka', '')
  await assert.rejects(claimCarrier(onKafka, 'log', ''), /carried by Apache Kafka, and KAFKA_BROKERS is not set/)
})

test('a database belongs to the topics of one prefix: under another its positions would be in the middle of others', async (t) => {
  const database = await testDatabase(t, [])
  await claimCarrier(database, 'kafka', 'staging.')
  await claimCarrier(database, 'kafka', 'staging.')
  await assert.rejects(claimCarrier(database, 'kafka', 'live.'), {
    code: 'conflict',
    message: 'the events of this database are on topics with the KAFKA_PREFIX staging., and now it is live.',
    hint: /^Set KAFKA_PREFIX to staging\., or begin with another database/,
  })
  await assert.rejects(claimCarrier(database, 'kafka', ''), /with the KAFKA_PREFIX staging\., and now there is none$/)

  const without = await testDatabase(t, [])
  await claimCarrier(without, 'kafka', '')
  await assert.rejects(claimCarrier(without, 'kafka', 'live.'), {
    message: 'the events of this database are on topics without a KAFKA_PREFIX, and now it is live.',
    hint: /^Unset KAFKA_PREFIX/,
  })
})

test('a database from before its prefix was kept takes the one that it is started with next', async (t) => {
  const database = await testDatabase(t, [])
  await database.execute("insert into bus.carrier (name) values ('kafka')")
  await claimCarrier(database, 'kafka', 'staging.')
  await assert.rejects(claimCarrier(database, 'kafka', 'live.'), { code: 'conflict' })
})
