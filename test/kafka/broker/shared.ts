import { rmSync } from 'node:fs'
import { type Broker, startBroker } from './broker.ts'

const variable = 'TEST_KAFKA_BROKERS'
let own: Promise<Broker> | undefined

/**
 * The one real broker that all files of a run share; a test keeps to topics, groups and a prefix of its own there, and
 * leaves it running. A file that is run by itself has one of its own.
 */
export async function sharedBroker(): Promise<readonly string[]> {
  const known = process.env[variable]
  if (known !== undefined) return known.split(',')
  own ??= startBroker().then((broker) => {
    process.once('exit', () => rmSync(broker.directory, { recursive: true, force: true }))
    return broker
  })
  return (await own).brokers
}

/** For the setup of a run: whoever it starts finds the broker. */
export async function shareBroker(): Promise<Broker> {
  const broker = await startBroker()
  process.env[variable] = broker.brokers.join()
  return broker
}
