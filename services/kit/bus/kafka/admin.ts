import type { Admin } from 'kafkajs'
import type { Logger } from '../../log.ts'
import { makeConnect } from './connect.ts'
import { kafkaFailure } from './failures.ts'
import type { KafkaSettings } from './settings.ts'

/** Work with the cluster itself, on a connection of its own. @throws what went wrong as one sentence that names the setting */
export async function withAdmin<T>(
  settings: KafkaSettings,
  log: Logger,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const { client: admin, cut } = makeConnect(settings, log)((kafka) => kafka.admin())
  try {
    await admin.connect()
    return await work(admin)
  } catch (error) {
    throw kafkaFailure(error, settings)
  } finally {
    await admin.disconnect().catch(() => {})
    cut()
  }
}
