import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * One JSON object a line on standard error, so that standard output stays free for answers. A line names what it is about
 * under these names: `bot`, `jobType`, `run`, `attempt`, `event`, `signal`; a message by `topic`, `partition` and `offset`.
 */
export function openLog(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['token', '*.token', 'authorization', '*.authorization', 'password', '*.password'],
    },
    pino.destination({ fd: 2, sync: true }),
  )
}
