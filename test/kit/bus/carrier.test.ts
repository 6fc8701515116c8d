import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimCarrier } from '../../../services/kit/bus/carrier.ts'
import { testDatabase } from '../../harness/database.ts'

test('a database whose events the log carries is not used with Kafka, nor the other way round', async (t) => {
  const onLog = await testDatabase(t, [])
  await claimCarrier(onLog, 'log')
  await claimCarrier(onLog, 'log')
  await assert.rejects(claimCarrier(onLog, 'kafka'), {
    code: 'conflict',
    message: 'the events of this database are carried by the embedded log, and KAFKA_BROKERS is set',
  })

  const onKafka = await testDatabase(t, [])
  await claimCarrier(onKafka, 'kafka')
  await assert.rejects(claimCarrier(onKafka, 'log'), /carried by Apache Kafka, and KAFKA_BROKERS is not set/)
})
