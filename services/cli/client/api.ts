/** Every API that a command may call, by the service that answers it. */
import type { Client } from './client.ts'
import { consoleApi } from './console.ts'
import { intakeApi } from './intake.ts'
import { launcherApi } from './launcher.ts'
import { promoterApi } from './promoter.ts'

export function makeApi(client: Client) {
  return {
    url: client.url,
    intake: intakeApi(client),
    launcher: launcherApi(client),
    promoter: promoterApi(client),
    console: consoleApi(client),
  }
}

export type Api = ReturnType<typeof makeApi>
