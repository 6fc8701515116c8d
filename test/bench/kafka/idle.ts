import { serviceNames } from '../../../services/kit/service.ts'
import { echoConfiguration } from '../../chain/bot.ts'
import { idleShares } from '../idle.ts'
import type { Row } from '../rows.ts'
import { onGround } from './yard.ts'

/** What each service takes as a process of its own, on Kafka, while nothing happens. */
export async function benchKafkaIdle(): Promise<Row[]> {
  if (process.platform !== 'linux') return []
  return await onGround(async (ground) => {
    const yards = await Promise.all(
      serviceNames.map((service) => ground.start(echoConfiguration(), `services/${service}/main.ts`)),
    )
    const shares = await idleShares(yards.map(({ pid }) => pid))
    return serviceNames.map((service, index) => ({
      figure: `${service} on Kafka, idle: of one core`,
      value: (shares[index] ?? Number.NaN) * 100,
      unit: '%',
      target: '≤ 1',
    }))
  })
}
