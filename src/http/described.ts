import { z } from '@hono/zod-openapi'
import { type Action, rolesFor } from '../access/permissions.ts'
import { IDEMPOTENCY_KEY } from './once.ts'
import { problemCodes } from './problem.ts'
import { allow } from './signed-in.ts'

/** RFC 9457, as `problem.ts` answers it. */
export const ProblemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:whatsup:problem:invalid-input' }),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: `Stable. ${problemCodes.map(({ code }) => code).join(', ')}` }),
    detail: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')

type ProblemStatus = 401 | 403 | 404 | 409 | 410 | 413 | 415 | 416 | 422 | 502 | 503

const MEANING: Readonly<Record<ProblemStatus, string>> = {
  401: 'No valid API key or session',
  403: 'Not with this role, or another channel',
  404: 'Not there, or not for you',
  409: 'Not in the present state; `code` says why',
  410: 'No longer there',
  413: 'Larger than 1 MB',
  415: 'Not JSON',
  416: 'No such part',
  422: 'Some fields are wrong; `errors` lists all of them',
  502: 'WhatsApp refused it',
  503: 'The database or WhatsApp is away; repeat later',
}

/** The problems a route answers with, beside those that every route has. */
export function answersWith(...more: ProblemStatus[]) {
  const statuses: ProblemStatus[] = [401, 403, 503, ...more]
  return Object.fromEntries(
    statuses
      .sort()
      .map((status) => [
        status,
        { description: MEANING[status], content: { 'application/problem+json': { schema: ProblemSchema } } },
      ]),
  )
}

/** Who may use a route: enforced, and written into the document. */
export const forRoles = (action: Action) => ({
  security: [{ key: [] }, { session: [] }] as Record<string, string[]>[],
  middleware: [allow(action)],
  'x-roles': [...rolesFor(action)],
})

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** A JSON body; without `required` the request may come without one. */
export const bodyOf = <T extends z.ZodType, R extends boolean>(schema: T, required: R) => ({
  required,
  content: { 'application/json': { schema } },
})

/** The header of every route that creates something. */
export const Repeats = z.object({
  [IDEMPOTENCY_KEY]: z.string().max(255).optional().openapi({
    description:
      'The same key with the same body gives the same answer and does the deed once; kept for at least 24 hours.',
  }),
})

/** An instant in an answer: ISO 8601 with offset. */
export const instant = () => z.iso.datetime({ offset: true })
export const channelParam = z.object({ channel: z.string().openapi({ example: 'arnsberg' }) })

/** How a consent came about, as the ledger says it. */
export const consentSource = () =>
  z.string().openapi({
    description:
      '`keyword` (a word was sent), `button` (one was tapped), `poster:<code>` (the message of a poster was sent; `posters` of the channel says where it hangs), `import: <source>` (taken over from a list that stated this source), `user-preferences` (advertising stopped or allowed again inside WhatsApp: `info` itself neither ends nor begins by it), `office`, `chat-closed`, `unreachable`, `identity-change`, `same-person`, `channel-ended` (its file had been gone for long)',
    example: 'poster:rathaus',
  })

/** A path's id. Whatever is no UUID does not exist, so the route answers 404. */
export const idParam = z.uuid()
