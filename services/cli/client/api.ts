/** Every API that a command may call, by the service that answers it. */
import type { Client } from './client.ts'
import { consoleApi } from './console.ts'
import { intakeApi } from './intake.ts'
import { launcherApi } from './launcher.ts'
import { promoterApi } from './promoter.ts'

export type ApiService = 'intake' | 'launcher' | 'promoter' | 'console'

/** @param clientOf who is asked: one server for all, or each service its own */
export function makeApi(clientOf: (service: ApiService) => Client) {
  return {
    intake: intakeApi(clientOf('intake')),
    launcher: launcherApi(clientOf('launcher')),
    promoter: promoterApi(clientOf('promoter')),
    console: consoleApi(clientOf('console')),
  }
}

export type Api = ReturnType<typeof makeApi>
