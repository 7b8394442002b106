import { type Logger as PinoLogger, pino } from 'pino'

export type Logger = PinoLogger

/**
 * JSON lines on stdout. Callers log ids of ours, counts and codes; never a number, a user id, a name or a text. Errors are reduced to their name, code
 * and message of ours: a driver's error may quote the values of a statement.
 */
export function openLog(level: string, destination?: { write(line: string): void }): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: ['*.accessToken', '*.secret', '*.authorization', 'headers'], remove: true },
    },
    destination ?? pino.destination({ dest: 1, sync: false }),
  )
}

/** What may be told about an error: no statement, no parameter, no payload. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, cause } = error
  const code = (error as { code?: unknown }).code
  const isSql = 'query' in error || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
  const mayQuote = isSql || error instanceof SyntaxError // of JSON that was no JSON
  const where = error.stack?.split('\n').filter((line) => line.includes('/src/') || line.includes('/dist/'))
  return {
    name,
    ...(code === undefined ? {} : { code: String(code) }),
    ...(mayQuote ? {} : { message: error.message.slice(0, 300) }),
    ...(where?.length ? { at: where.slice(0, 6).map((line) => line.trim().replace(/.*\/(src|dist)\//, '$1/')) } : {}),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  }
}
