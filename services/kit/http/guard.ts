import { timingSafeEqual } from 'node:crypto'
import { type Environment, isLoopback } from '../environment.ts'
import { forbidden, type TrainyardError, unauthorized } from '../errors.ts'

export interface Caller {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
}

// Probes and schemas carry no secret, and stock deserialisers know no token; the run API checks that of the attempt.
const openPaths = ['/health/', '/run-api/', '/schemas/', '/subjects']

const readingMethods = ['GET', 'HEAD']

/**
 * Who may call: a page of another site may not (Host and Origin are checked, against DNS rebinding and forged
 * requests), and where a token is set, only who has it; to read, the one for reading is enough.
 */
export function makeGuard(environment: Pick<Environment, 'host' | 'publicUrl' | 'apiToken' | 'readToken'>) {
  const publicly = environment.publicUrl === undefined ? undefined : new URL(environment.publicUrl)

  return function refuse(caller: Caller): TrainyardError | undefined {
    const called = parsed(`http://${caller.host}`)
    if (
      isLoopback(environment.host) &&
      !(called && (isLoopback(called.hostname) || called.hostname === publicly?.hostname))
    ) {
      return forbidden(`the host "${caller.host ?? ''}" is not this server`, {
        hint: 'Call it as localhost or 127.0.0.1, or set TRAINYARD_PUBLIC_URL to its name.',
      })
    }
    // With the port: what else this machine serves is another site, too.
    const page = caller.origin === undefined ? undefined : parsed(caller.origin)?.host || 'nowhere'
    if (page !== undefined && page !== called?.host && page !== publicly?.host)
      return forbidden(`pages from ${caller.origin} may not call this server`)
    const { apiToken, readToken } = environment
    if (apiToken === undefined || openPaths.some((path) => caller.path.startsWith(path)) || sends(caller, apiToken))
      return undefined
    if (readToken !== undefined && sends(caller, readToken)) {
      if (readingMethods.includes(caller.method)) return undefined
      return forbidden(
        `the token that was sent is for reading, and ${caller.method} ${pathOf(caller)} may change something`,
        {
          hint: 'Send TRAINYARD_API_TOKEN.',
        },
      )
    }
    const problem = caller.authorization === undefined ? 'wants a token' : 'was sent another token than its own'
    return unauthorized(`this server ${problem}`, {
      hint: 'Send it as "authorization: Bearer …"; the command line reads TRAINYARD_API_TOKEN.',
    })
  }
}

const pathOf = ({ path }: Caller): string => path.split('?')[0] ?? ''

function sends({ authorization }: Caller, token: string): boolean {
  return authorization !== undefined && equal(authorization, `Bearer ${token}`)
}

function parsed(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}
