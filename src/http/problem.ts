import type { Context, ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { isDatabaseAway } from '../db/db.ts'
import type { Logger } from '../log.ts'
import { type Problem, Refusal, refusals } from '../refusal.ts'

/** Answers that only a door knows, beside the codes of `refusals`. */
const DOOR_CODES = {
  'unknown-route': [404, 'Diese Adresse gibt es nicht.'],
  'foreign-origin': [403, 'Diese Anfrage kommt von einer fremden Seite.'],
  'unsupported-media-type': [415, 'Bitte senden Sie die Angaben als application/json.'],
  'no-such-range': [416, 'Diesen Teil der Datei gibt es nicht.'],
  'internal-error': [500, 'Da ist bei uns etwas schiefgegangen. Der Fehler ist vermerkt.'],
} as const satisfies Record<string, readonly [status: number, german: string]>

const CODES: Readonly<Record<string, readonly [status: number, german: string]>> = { ...refusals, ...DOOR_CODES }

export type ProblemCode = keyof typeof refusals | keyof typeof DOOR_CODES

/** RFC 9457; `code` is stable, `type` names it as a URI, `title` is the code's sentence, `detail` what is known beyond it. */
export type ProblemDocument = {
  type: string
  title: string
  status: number
  code: ProblemCode
  detail: string
  errors?: Problem[]
}

/** Every code that an answer may carry, with its status and sentence: for the documentation. */
export const problemCodes = Object.entries(CODES).map(([code, [status, title]]) => ({ code, status, title }))

export function problemDocument(code: ProblemCode, detail?: string, errors: readonly Problem[] = []): ProblemDocument {
  const [status, title] = CODES[code]!
  return {
    type: `urn:whatsup:problem:${code}`,
    title,
    status,
    code,
    detail: detail ?? title,
    ...(errors.length > 0 ? { errors: [...errors] } : {}),
  }
}

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed-request',
  401: 'not-signed-in',
  403: 'role-too-low',
  404: 'unknown-route',
  413: 'too-large',
  415: 'unsupported-media-type',
  416: 'no-such-range',
}

/** What an error means to the caller. Whatever is neither a refusal nor an outage is a bug, of which nothing is told. */
export function problemOf(error: unknown): ProblemDocument {
  if (error instanceof Refusal) return problemDocument(error.code, error.message, error.problems)
  if (error instanceof HTTPException) return problemDocument(BY_STATUS[error.status] ?? 'malformed-request')
  if (isDatabaseAway(error)) return problemDocument('database-away')
  return problemDocument('internal-error')
}

/** The answer for a problem, with the headers that its status asks for. */
export function answerProblem(problem: ProblemDocument): Response {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer realm="WhatsUp"'
  if (problem.status === 503) headers['retry-after'] = '5'
  // The rest of the body may still be on its way, and is read by nobody.
  if (problem.status === 413) headers.connection = 'close'
  if (problem.status === 429) headers['retry-after'] = '60'
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}

/** For `app.onError`: only what is nobody's fault but ours, or the database's, is worth a log line. */
export const onError =
  (log: Logger): ErrorHandler =>
  (error, c) => {
    const problem = problemOf(error)
    if (problem.status >= 500 && problem.code !== 'meta-refused')
      log.error({ err: error, code: problem.code, method: c.req.method, route: routeOf(c) }, 'request failed')
    return answerProblem(problem)
  }

/** The pattern, not the path, which may hold what somebody typed. */
function routeOf(c: Context): string {
  return c.req.matchedRoutes.findLast((route) => route.method !== 'ALL')?.path ?? '?'
}

type Issue = { code: string; path: PropertyKey[]; message: string } & Record<string, unknown>

/** All that is wrong with an input, a German sentence for each field. `input` tells a missing value from a wrong one. */
export function problemsOf(issues: readonly unknown[], input: unknown): Problem[] {
  const found: Problem[] = []
  for (const issue of issues as Issue[]) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys as string[]) {
        found.push({ field: dotted([...issue.path, key]), message: 'Dieses Feld gibt es hier nicht.' })
      }
    } else found.push({ field: dotted(issue.path), message: sentenceFor(issue, valueAt(input, issue.path)) })
  }
  return found
}

const dotted = (path: readonly PropertyKey[]) => path.map(String).join('.')

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'ein Text',
  number: 'eine Zahl',
  int: 'eine ganze Zahl',
  boolean: 'true oder false',
  array: 'eine Liste',
  object: 'ein Objekt',
  record: 'ein Objekt',
}

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'Erwartet wird ein Zeitpunkt mit Zeitzone, zum Beispiel 2026-12-01T09:00:00+01:00.',
  date: 'Erwartet wird ein Datum, zum Beispiel 2026-12-01.',
  url: 'Erwartet wird eine vollständige Adresse, zum Beispiel https://www.example.org/bild.jpg.',
  uuid: 'Erwartet wird eine Kennung (UUID).',
}

function sentenceFor(issue: Issue, value: unknown): string {
  const count = issue.code === 'too_small' ? Number(issue.minimum) : Number(issue.maximum)
  const unit = issue.origin === 'string' ? 'Zeichen' : count === 1 ? 'Eintrag' : 'Einträge'
  switch (issue.code) {
    case 'invalid_type':
      // A field with a sentence of its own says that; zod's are no German.
      if (value === undefined) return issue.message.startsWith('Invalid input') ? 'Diese Angabe fehlt.' : issue.message
      return `Erwartet wird ${EXPECTED[issue.expected as string] ?? 'etwas anderes'}.`
    case 'too_small':
      if (issue.origin === 'number') return `Mindestens ${count}.`
      return count === 1 && issue.origin === 'string' ? 'Diese Angabe fehlt.' : `Mindestens ${count} ${unit}.`
    case 'too_big':
      return issue.origin === 'number' ? `Höchstens ${count}.` : `Höchstens ${count} ${unit}.`
    case 'invalid_format':
      return FORMATS[issue.format as string] ?? 'Diese Angabe hat nicht die erwartete Form.'
    case 'invalid_value':
      return value === undefined
        ? 'Diese Angabe fehlt.'
        : `Möglich ist nur: ${(issue.values as unknown[]).map(String).join(', ')}.`
    case 'invalid_union':
      return value === undefined ? 'Diese Angabe fehlt.' : 'Diese Angabe hat nicht die erwartete Form.'
    case 'custom':
      return issue.message
    default:
      return 'Diese Angabe ist nicht gültig.'
  }
}
