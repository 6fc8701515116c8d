/** What every command starts from: the global options as values, the API, and how answers are shown. */
import type { Command } from 'commander'
import { type Api, type ApiService, makeApi } from './client/api.ts'
import { type Client, makeClient } from './client/client.ts'
import type { Context } from './context.ts'
import { CommandFailure, exitCodes } from './failure.ts'
import { makeStyle, type Style } from './render/style.ts'

export const defaultUrl = 'http://127.0.0.1:7070'

export interface Session {
  readonly api: Api
  readonly context: Context
  readonly json: boolean
  readonly actor: string
  readonly style: Style
  /** The answer of the command: as JSON where that is asked for, else as `text` puts it for people. */
  show(answer: unknown, text: () => string): void
  /** A remark beside the answer; it never mixes with the JSON on stdout. */
  note(text: string): void
}

export type GlobalOptions = { json?: boolean; url?: string; actor?: string; color: boolean }

export function openSession(command: Command, context: Context): Session {
  const options = command.optsWithGlobals<GlobalOptions>()
  const { terminal } = context
  const json = options.json === true
  return {
    api: makeApi((service) => clientOf(service, options.url, context)),
    context,
    json,
    actor: options.actor ?? context.actor,
    style: makeStyle(terminal.colours && options.color && !json),
    show(answer, text) {
      terminal.out(json ? `${JSON.stringify(answer, null, 2)}\n` : withLineEnd(text()))
    },
    note: (text) => terminal.err(withLineEnd(text)),
  }
}

function clientOf(service: ApiService, given: string | undefined, { variables, signal }: Context): Client {
  const ofService = `TRAINYARD_${service.toUpperCase()}_URL`
  const named = `--url or TRAINYARD_URL, or that of ${service} alone with ${ofService}`
  const url = given ?? (variables[ofService] || variables['TRAINYARD_URL'] || defaultUrl)
  const parsed = URL.parse(url)
  if (parsed !== null && `${parsed.username}${parsed.password}` !== '') {
    throw new CommandFailure('the URL of a server holds a user or a password', {
      next: `Leave them out of ${named}; TRAINYARD_API_TOKEN says who you are.`,
      exitCode: exitCodes.usage,
    })
  }
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    // It may hold a password, too.
    throw new CommandFailure(`${url.includes('@') ? 'what was given' : `"${url}"`} is not the URL of a server`, {
      next: `Give one such as ${defaultUrl} with --url or TRAINYARD_URL, or only that of ${service} with ${ofService}.`,
      exitCode: exitCodes.usage,
    })
  }
  return makeClient({ url, token: tokenOf(variables), signal, namedWith: named })
}

/** It goes into a header, and whatever fails there would be told with it. */
function tokenOf(variables: Context['variables']): string | undefined {
  const token = variables['TRAINYARD_API_TOKEN']?.trim() || undefined
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token
  throw new CommandFailure('TRAINYARD_API_TOKEN holds what no header can carry: spaces, or what is not ASCII', {
    next: 'Set it to the token alone.',
    exitCode: exitCodes.usage,
  })
}

function withLineEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
